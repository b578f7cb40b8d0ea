// The goipp contender: OpenPrinting's Go codec behind the worker protocol (see benchmarks/workers.py).
//
// Rule: the clock runs around the loop only; octets go to and come from memory. Go's garbage collector works as it
// does in a real program, on the one core that all contenders share.
//
//	in:   WORKLOAD \t ITERATIONS \t OPTION \t FILE [\t FILE ...]
//	out:  {"results": [{"ns": ..., "count": ...} | {"error": "..."}, ...]}     one result a file, in order
//
// "count" is what the last iteration saw (values read, octets written): the harness compares it between contenders.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/OpenPrinting/goipp"
)

type result struct {
	Ns        *int64  `json:"ns,omitempty"`
	Count     *int64  `json:"count,omitempty"`
	Error     string  `json:"error,omitempty"`
	Untouched *uint64 `json:"untouched,omitempty"`
	Touched   *uint64 `json:"touched,omitempty"`
	Peak      *uint64 `json:"peak,omitempty"`
}

type work struct {
	data   []byte
	names  []string
	option string
	piece  int
	made   goipp.Message
}

var goippVersion = "?" // set by the linker

const freshOctets = 10000 // of messages that are made before a timed loop encodes them, as in python_worker.py

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

var seen uint64 // where every value read ends up, so that no read is optimised away

// piecewise hands over at most piece octets a read.
type piecewise struct {
	data  []byte
	piece int
}

func (p *piecewise) Read(into []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	if len(into) > p.piece {
		into = into[:p.piece]
	}
	n := copy(into, p.data)
	p.data = p.data[n:]
	return n, nil
}

// watching notes the most heap octets in use at a read.
type watching struct {
	data []byte
	peak uint64
}

func (w *watching) Read(into []byte) (int, error) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if stats.HeapAlloc > w.peak {
		w.peak = stats.HeapAlloc
	}
	if len(w.data) == 0 {
		return 0, io.EOF
	}
	n := copy(into, w.data)
	w.data = w.data[n:]
	return n, nil
}

func groups(m *goipp.Message) [14]goipp.Attributes {
	return [14]goipp.Attributes{
		m.Operation, m.Job, m.Printer, m.Unsupported, m.Subscription, m.EventNotification, m.Resource, m.Document,
		m.System, m.Future11, m.Future12, m.Future13, m.Future14, m.Future15,
	}
}

// touchValues reads every value of an attribute and returns how many, those of collection members included.
func touchValues(values goipp.Values) int64 {
	count := int64(len(values))
	for _, v := range values {
		switch value := v.V.(type) {
		case goipp.Integer:
			seen += uint64(value)
		case goipp.Boolean:
			if bool(value) {
				seen++
			}
		case goipp.String:
			if len(value) > 0 {
				seen += uint64(value[0])
			}
		case goipp.Time:
			seen += uint64(value.Year())
		case goipp.Resolution:
			seen += uint64(value.Xres + value.Yres)
		case goipp.Range:
			seen += uint64(value.Lower + value.Upper)
		case goipp.TextWithLang:
			seen += uint64(len(value.Text) + len(value.Lang))
		case goipp.Binary:
			if len(value) > 0 {
				seen += uint64(value[0])
			}
		case goipp.Collection:
			count += touch(goipp.Attributes(value))
		}
	}
	return count
}

func touch(attributes goipp.Attributes) int64 {
	var count int64
	for i := range attributes {
		seen += uint64(len(attributes[i].Name))
		count += touchValues(attributes[i].Values)
	}
	return count
}

func touchMessage(m *goipp.Message) int64 {
	var count int64
	for _, group := range groups(m) {
		count += touch(group)
	}
	return count
}

// find returns the first attribute of that name. goipp has no look-up of its own.
func find(m *goipp.Message, name string) *goipp.Attribute {
	for _, group := range groups(m) {
		for i := range group {
			if group[i].Name == name {
				return &group[i]
			}
		}
	}
	return nil
}

func makeValue(v goipp.Value) goipp.Value {
	if collection, is := v.(goipp.Collection); is {
		return goipp.Collection(makeAttributes(goipp.Attributes(collection)))
	}
	return v
}

func makeAttributes(original goipp.Attributes) goipp.Attributes {
	var attributes goipp.Attributes
	for _, a := range original {
		made := goipp.Attribute{Name: a.Name}
		for _, v := range a.Values {
			made.Values.Add(v.T, makeValue(v.V))
		}
		attributes.Add(made)
	}
	return attributes
}

// makeMessage makes a message with all of the original's attributes anew: what a program that builds one does.
func makeMessage(original *goipp.Message) *goipp.Message {
	m := &goipp.Message{Version: original.Version, Code: original.Code, RequestID: original.RequestID}
	m.Operation = makeAttributes(original.Operation)
	m.Job = makeAttributes(original.Job)
	m.Printer = makeAttributes(original.Printer)
	m.Unsupported = makeAttributes(original.Unsupported)
	m.Subscription = makeAttributes(original.Subscription)
	m.EventNotification = makeAttributes(original.EventNotification)
	m.Resource = makeAttributes(original.Resource)
	m.Document = makeAttributes(original.Document)
	m.System = makeAttributes(original.System)
	return m
}

func encoded(m *goipp.Message) (int64, error) {
	octets, err := m.EncodeBytes()
	return int64(len(octets)), err
}

func read(w *work) (int64, error) {
	var m goipp.Message
	err := m.DecodeBytes(w.data)
	var count int64
	for _, name := range w.names {
		if attribute := find(&m, name); attribute != nil {
			count += touchValues(attribute.Values)
		}
	}
	return count, err
}

// The workloads: each does one iteration and returns its count.
var workloads = map[string]func(*work) (int64, error){
	"decode": func(w *work) (int64, error) {
		var m goipp.Message
		err := m.DecodeBytes(w.data)
		return int64(len(w.data)), err
	},
	"pieces": func(w *work) (int64, error) {
		var m goipp.Message
		err := m.Decode(&piecewise{w.data, w.piece})
		return int64(len(w.data)), err
	},
	"serve":   read,
	"monitor": read,
	"touch": func(w *work) (int64, error) {
		var m goipp.Message
		err := m.DecodeBytes(w.data)
		return touchMessage(&m), err
	},
	// goipp puts the attributes of all jobs into one list, so id and state are met in a walk over it.
	"jobs": func(w *work) (int64, error) {
		var m goipp.Message
		err := m.DecodeBytes(w.data)
		var count int64
		for i := range m.Job {
			if name := m.Job[i].Name; name == "job-id" || name == "job-state" {
				seen += uint64(m.Job[i].Values[0].V.(goipp.Integer))
				count++
			}
		}
		return count, err
	},
	"build":      func(w *work) (int64, error) { return encoded(&w.made) },
	"make-build": func(w *work) (int64, error) { return encoded(makeMessage(&w.made)) },
	"copy": func(w *work) (int64, error) {
		var m goipp.Message
		if err := m.DecodeBytes(w.data); err != nil {
			return 0, err
		}
		return encoded(&m)
	},
	"proxy": func(w *work) (int64, error) {
		var m goipp.Message
		if err := m.DecodeBytes(w.data); err != nil {
			return 0, err
		}
		find(&m, "printer-uri").Values[0].V = goipp.String(w.option)
		return encoded(&m)
	},
}

func measure(workload string, iterations int, option string, data []byte) result {
	run, known := workloads[workload]
	if !known {
		return result{Error: "no such workload"}
	}
	var err error
	w := &work{data: data, option: option, names: strings.Split(option, ",")}
	if workload == "pieces" {
		if w.piece, err = strconv.Atoi(option); err != nil {
			return result{Error: err.Error()}
		}
	}
	if strings.HasSuffix(workload, "build") {
		if err = w.made.DecodeBytes(data); err != nil {
			return result{Error: err.Error()}
		}
	}
	if workload == "build" {
		return measureBuild(w, iterations)
	}
	var count int64
	if iterations > 1 {
		count, err = run(w) // untimed: fills the caches, and shows whether it works at all
	}
	start := time.Now()
	for i := 0; i < iterations && err == nil; i++ {
		count, err = run(w)
	}
	elapsed := time.Since(start).Nanoseconds()
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{Ns: &elapsed, Count: &count}
}

// measureBuild encodes messages that are freshly made, each once, and times that, not the making: nothing that the caches
// keep of a message can help, here as little as in the other workers.
func measureBuild(w *work, iterations int) result {
	var elapsed, count int64
	most := 1 + freshOctets/len(w.data)
	if iterations > 1 {
		encoded(makeMessage(&w.made)) // untimed
	}
	for iterations > 0 {
		fresh := make([]*goipp.Message, min(most, iterations))
		for i := range fresh {
			fresh[i] = makeMessage(&w.made)
		}
		iterations -= len(fresh)
		start := time.Now()
		for _, m := range fresh {
			var err error
			if count, err = encoded(m); err != nil {
				return result{Error: err.Error()}
			}
		}
		elapsed += time.Since(start).Nanoseconds()
	}
	return result{Ns: &elapsed, Count: &count}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// measureMemory tells the heap octets that one decoded message holds, and the most in use meanwhile, what it
// is read from included there.
func measureMemory(data []byte) result {
	var m goipp.Message
	if err := m.DecodeBytes(data); err != nil {
		return result{Error: err.Error()}
	}
	m.Reset()
	source := &watching{data: data}
	before := heap()
	if err := m.Decode(source); err != nil {
		return result{Error: err.Error()}
	}
	held := heap() - before
	count := touchMessage(&m)
	touched := heap() - before
	peak := source.peak - before + uint64(len(data))
	runtime.KeepAlive(&m)
	runtime.KeepAlive(data)
	return result{Untouched: &held, Touched: &touched, Peak: &peak, Count: &count}
}

func main() {
	runtime.GOMAXPROCS(1)
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if fields[0] == "version" {
			out.Encode(map[string]string{"version": goippVersion + " (" + runtime.Version() + ")"})
			continue
		}
		iterations, err := 0, io.ErrUnexpectedEOF
		if len(fields) >= 4 {
			iterations, err = strconv.Atoi(fields[1])
		}
		if err != nil {
			out.Encode(result{Error: "WORKLOAD, ITERATIONS, OPTION and files, parted by tabs"})
			continue
		}
		files := [][]byte{} // all are read before anything is timed
		for _, path := range fields[3:] {
			data, _ := os.ReadFile(path)
			files = append(files, data)
		}
		results := []result{}
		for _, data := range files {
			if fields[0] == "memory" {
				results = append(results, measureMemory(data))
			} else {
				results = append(results, measure(fields[0], iterations, fields[2], data))
			}
		}
		out.Encode(map[string][]result{"results": results})
	}
}
