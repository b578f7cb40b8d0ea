// The second reader of tools/fuzz.py: OpenPrinting's Go codec.
//
// The rule of this file: on the standard input come messages, each behind its length in four octets, and for each an
// answer goes out in the same form: what goipp makes of it again, or nothing if it does not read it.
package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"

	"github.com/OpenPrinting/goipp"
)

func again(octets []byte) (made []byte) {
	// Version 1.0.0 panics at an extension whose tag is that of a group.
	defer func() {
		if recover() != nil {
			made = nil
		}
	}()
	message := &goipp.Message{}
	if message.DecodeBytes(octets) != nil {
		return nil
	}
	made, err := message.EncodeBytes()
	if err != nil {
		return nil
	}
	return made
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	var size [4]byte
	for {
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return
		}
		octets := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(in, octets); err != nil {
			return
		}
		made := again(octets)
		binary.BigEndian.PutUint32(size[:], uint32(len(made)))
		out.Write(size[:])
		out.Write(made)
		out.Flush()
	}
}
