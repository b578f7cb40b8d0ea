"""Sets of words, attributes and parts of URIs that do not identify a person or a place.

The rule of this file: these are lists of what is known. What is in none of them is treated as private.
"""

import re
from functools import cache

from ippfast import registry

__all__ = [
    "ADDRESSED",
    "CALLED_AFTER_MODEL",
    "CHARSETS",
    "DOMAINS",
    "HOSTS",
    "KEYS",
    "LANGUAGE",
    "MODEL",
    "MODEL_KEYS",
    "NUMBERS",
    "PEOPLE",
    "PLACES",
    "READABLE",
    "SCHEMES",
    "VERSIONS",
    "words",
]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Attributes whose text is the maker's. It stays.
MODEL = _set(
    """
    device-make-and-model ppd-make ppd-make-and-model ppd-product printer-make-and-model system-make-and-model
    """
)
# Names that a printer has from its maker until a user changes them: the model's words stay.
CALLED_AFTER_MODEL = _set(
    """
    device-info printer-device-id printer-dns-sd-name printer-info printer-kind-name printer-name
    """
)
# Words of attributes with such names are masked everywhere, even in a model.
PEOPLE = re.compile(r"user|contact|owner|recipient|vcard|host|location|organization|asset|serial")
# Texts about a device or a job's progress: words that are known stay.
READABLE = _set(
    """
    cups-version detailed-status-message detailed-status-messages device-id document-format-version
    document-format-version-supported document-state-message job-detailed-status-messages job-printer-state-message
    job-state-message marker-colors marker-message marker-names media-info mopria-certified notify-text
    ppd-device-id printer-alert printer-alert-description printer-console-display printer-console-light
    printer-console-light-description printer-cover printer-cover-description printer-detailed-status-messages
    printer-device-id printer-error-policy printer-error-policy-supported printer-finisher
    printer-finisher-description printer-finisher-supplies printer-finisher-supplies-description printer-input-tray
    printer-op-policy printer-op-policy-supported printer-output-tray printer-state-message printer-storage
    printer-storage-description printer-supply printer-supply-description status-message system-state-message
    """
)
# Versions, of digits.
VERSIONS = re.compile(r"(?:cups|firmware|string|format)-(?:string-)?version(?:-supported)?$|^mopria-certified$")

# The keys whose values stay in the KEY:VALUE; of a device ID (IEEE 1284) and the key=value; of printer-supply and the
# like (PWG 5100.9, PWG 5100.13): whole, their known words, and numbers.
MODEL_KEYS = _set("class cls cmd manufacturer mdl mfg model") | {"command set"}
KEYS = MODEL_KEYS | _set(
    """
    capacity cid code color colorantindex colorantname colorantrole coverstatus des description dimunit group
    groupindex index level location markername max maxcapacity mediafeed mediaxfeed name pagedelivery remaining
    severity stackingorder status training type unit urf
    """
)
NUMBERS = _set(
    """
    capacity colorantindex groupindex index level location max maxcapacity mediafeed mediaxfeed remaining status
    """
)

SCHEMES = _set("dnssd file ftp geo http https ipp ippget ipps lpd mailto rss smb sms socket tel urn usb")
HOSTS = _set("localhost 127.0.0.1 [::1]") | {""}
# The last part of a host's name.
DOMAINS = _set("arpa com example invalid lan local net org test")
# Whole parts of a path.
PLACES = _set(
    """
    admin classes faxout general icons images index.html ipp ipp3d jobs print printer printers resource scan strings
    supplies system web
    """
)
# After these in a path there is the name of a queue or a resource.
ADDRESSED = _set("classes icons printers resource strings")

CHARSETS = re.compile(
    r"utf-(?:8|16|16be|16le|32)|us-ascii|iso-8859-\d{1,2}|windows-125\d|shift_jis|euc-jp", re.IGNORECASE
)
# RFC 5646: a language, and what is known of scripts and regions.
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-(?:hans|hant|latn|cyrl|arab))?(?:-(?:[a-z]{2}|[0-9]{3}))?", re.IGNORECASE)

_FORMATS = _set(
    """
    acrobat adobe adobergb airprint apple application audio banner bitmap brpjl cid cls cmd com csh csource css cups
    des devrgb devw escpl2 escpr escpr1 flate gif gray hbp html icc iccprofile image inline ipp iso jpeg jpg mdl
    message mfg mime multipart octet opaque openxps pcl pcl3 pcl3gui pcl5 pcl5c pcl5e pcl6 pclm pclxl pdf perl
    photocd pixmap pjl plain png pnm portable postscript ppd ps pwg pwgraster raster raw reader related rgb rle rss
    sgray shell sn srgb stream strings tiff urf video vnd wfds xhtml xml xps xpsdocument
    """
)
_MAKERS = _set(
    """
    brother canon dell develop dymo epson fuji fujifilm gestetner hp infotec kodak konica kyocera lanier lexmark
    minolta mita mopria nashuatec nrg oce oki okidata olivetti panasonic pantum pitney ricoh riso rollo samsung
    savin sharp sii sindoh star tally toshiba utax xerox zebra zink
    """
)
# Words in the texts of printers that are not words of the registry.
_SAID = _set(
    """
    a aborted aborting accepting advanced again almost an and another applied are as at authenticated auto available
    bad banding be been before being bin block bright busy but by bypass call can canceled canceling cannot card
    cartridges certificate changed check chosen class cleaned client close closed coated command complete completed
    composite connect connected connecting connection connector consumed contact container copied copies copy could
    created critical current currently custom cyan damaged day days defaults deleted depleted describe description
    detected did discarded do document documents does done draft drum due during empty end ended energy enough error
    every everyday exists expected expired extra fail failed failure fan far feature feed field file filled filter
    filters finished finisher finishing firmware first flow for forbidden form forms found from front full fuser
    generic genuine glossy gone got graphics greeting group hardware has have heavy held hold host hour however idle
    if in inch inches incorrect ink inks inputtray insert install installed intermediate internal invalid is it item
    items its jam jammed jams job jobs key keyword kit laminating last left letterhead level levels light lite liter
    load loaded local locked low magenta maintenance many margins match matte max may mechanism media memory mid
    middle midweight min minus minute minutes missing mode modified more moved must near nearly need needed needs
    never new next no non not now null number object of off officio offline old on one online only open opened
    operation operator option optional or other out outputtray over page pages paper part password path paused
    pausing pending percent perform photo photographic please power premium presentation presets press previous
    print printed printer printers printing problem process processed processing product production profile protocol
    queue queued rear received receptacle rejected released remaining remote removable remove removed replace report
    request requested reset resource resources resume resumed retry right roll rough row run running save scan see
    select send sending sensor sent series server service sheet sheetfeed sheets shutdown size sizes sleep sleeping
    slot slow software soon source special specialty spool staples stapling state status still stop stopped stopping
    storage strapping submitted such supplied supplies supply supported suspended system tagging tank ten test text
    than that the their then there these thick thin this thousandths time timed timeout to toner tonight too
    transfer tray trays tri turn two type un unable undefined unexpected unit unknown unreachable unspecified
    unsupported until up update updated use used user using value values very wait waiting warm warming warning was
    waste we weight when which while white wide will with within without wrong yellow you your zero
    """
)


@cache
def words() -> frozenset[str]:
    """The words in lower case that may stay in texts: those of the registry, of formats, makers and messages."""
    found = set().union(_FORMATS, _MAKERS, _SAID, KEYS, SCHEMES)
    for path in registry.names():
        for text in (path, *registry.members(path), *registry.keywords(path)):
            found.update(re.split(r"[^a-z0-9]+", text.lower()))
    return frozenset(word for word in found if not word.isdigit())
