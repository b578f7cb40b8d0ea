"""The options that libcups knows: where a new job has each, what tag its values have, and whether it may have several.

The rule of this file: it is data, facts of libcups 2.4; `options.py` says what they mean.
"""

from typing import Literal, NamedTuple, TypeAlias

from ...tags import ValueTag

__all__ = ["KNOWN", "Known"]

Place: TypeAlias = Literal["operation", "job", "subscription", "printer", "document"] | None


class Known(NamedTuple):
    """An option. place: the group that has it; None and "document" for options that no request for a job has."""

    place: Place
    tag: ValueTag
    several: bool


_ONE, _SEVERAL = False, True

_NAMES: dict[Known, str] = {
    Known(None, ValueTag.BOOLEAN, _ONE): "ipp-attribute-fidelity",
    Known(None, ValueTag.DATE_TIME, _ONE): "date-time-at-completed date-time-at-creation date-time-at-processing",
    Known(None, ValueTag.ENUM, _ONE): "job-state",
    Known(None, ValueTag.INTEGER, _ONE): """
        job-id job-impressions job-impressions-completed job-k-octets job-k-octets-completed job-media-sheets
        job-media-sheets-completed job-pages job-pages-completed time-at-completed time-at-creation
        time-at-processing
    """,
    Known(None, ValueTag.KEYWORD, _ONE): "job-state-reasons",
    Known(None, ValueTag.MIME_MEDIA_TYPE, _ONE): "raw",
    Known(None, ValueTag.NAME, _SEVERAL): "requested-attributes",
    Known(None, ValueTag.TEXT, _ONE): "job-state-message",
    Known(None, ValueTag.URI, _ONE): "job-authorization-uri printer-uri",
    Known("document", ValueTag.KEYWORD, _ONE): "compression",
    Known("document", ValueTag.MIME_MEDIA_TYPE, _ONE): "document-format",
    Known("document", ValueTag.RANGE_OF_INTEGER, _SEVERAL): "document-copies",
    Known("job", ValueTag.BEG_COLLECTION, _ONE): "media-col media-size",
    Known("job", ValueTag.BEG_COLLECTION, _SEVERAL): "finishings-col job-sheets-col overrides",
    Known("job", ValueTag.BOOLEAN, _ONE): "blackplot fit-to-page fitplot landscape mirror prettyprint wrap",
    Known("job", ValueTag.ENUM, _ONE): "orientation-requested print-quality",
    Known("job", ValueTag.ENUM, _SEVERAL): "finishings",
    Known("job", ValueTag.INTEGER, _ONE): """
        brightness columns copies gamma hue job-cancel-after job-priority media-bottom-margin
        media-left-margin media-right-margin media-top-margin natural-scaling number-up page-bottom page-left
        page-right page-top penwidth ppi saturation scaling x-dimension y-dimension
    """,
    Known("job", ValueTag.KEYWORD, _ONE): """
        job-hold-until media-color media-key media-size-name media-source media-type
        multiple-document-handling number-up-layout output-bin page-delivery print-color-mode
        print-content-optimize print-rendering-intent print-scaling sides
    """,
    Known("job", ValueTag.KEYWORD, _SEVERAL): "media",
    Known("job", ValueTag.NAME, _ONE): "job-account-id job-accounting-user-id job-name",
    Known("job", ValueTag.NAME, _SEVERAL): "job-sheets",
    Known("job", ValueTag.RANGE_OF_INTEGER, _SEVERAL): "document-numbers page-ranges pages",
    Known("job", ValueTag.RESOLUTION, _ONE): "printer-resolution resolution",
    Known("job", ValueTag.TEXT, _SEVERAL): "auth-info",
    Known("job", ValueTag.URI, _ONE): "job-uuid",
    Known("operation", ValueTag.KEYWORD, _ONE): "job-password-encryption",
    Known("operation", ValueTag.OCTET_STRING, _ONE): "job-password",
    Known("printer", ValueTag.BEG_COLLECTION, _ONE): "media-col-default",
    Known("printer", ValueTag.BEG_COLLECTION, _SEVERAL): "finishings-col-default job-sheets-col-default",
    Known("printer", ValueTag.BOOLEAN, _ONE): """
        blackplot-default fit-to-page-default fitplot-default mirror-default prettyprint-default
        printer-is-accepting-jobs printer-is-shared printer-is-temporary wrap-default
    """,
    Known("printer", ValueTag.ENUM, _ONE): """
        orientation-requested-default print-quality-default printer-state printer-type
    """,
    Known("printer", ValueTag.ENUM, _SEVERAL): "finishings-default",
    Known("printer", ValueTag.INTEGER, _ONE): """
        brightness-default columns-default copies-default gamma-default hue-default job-cancel-after-default
        job-k-limit job-page-limit job-priority-default job-quota-period natural-scaling-default
        notify-lease-duration-default number-up-default page-bottom-default page-left-default
        page-right-default page-top-default penwidth-default ppi-default printer-state-change-time
        queued-job-count saturation-default scaling-default
    """,
    Known("printer", ValueTag.INTEGER, _SEVERAL): """
        marker-change-time marker-high-levels marker-levels marker-low-levels
    """,
    Known("printer", ValueTag.KEYWORD, _ONE): """
        job-hold-until-default multiple-document-handling-default number-up-layout-default output-bin-default
        page-delivery-default print-color-mode-default print-content-optimize-default
        print-rendering-intent-default print-scaling-default sides-default
    """,
    Known("printer", ValueTag.KEYWORD, _SEVERAL): """
        auth-info-required marker-types media-default notify-events-default printer-commands
        printer-state-reasons
    """,
    Known("printer", ValueTag.MIME_MEDIA_TYPE, _ONE): "document-format-default",
    Known("printer", ValueTag.NAME, _ONE): """
        job-account-id-default job-accounting-user-id-default port-monitor printer-error-policy
        printer-op-policy
    """,
    Known("printer", ValueTag.NAME, _SEVERAL): """
        job-sheets-default marker-colors marker-names requesting-user-name-allowed requesting-user-name-denied
    """,
    Known("printer", ValueTag.OCTET_STRING, _SEVERAL): """
        printer-alert printer-finisher printer-finisher-supplies printer-input-tray printer-output-tray
        printer-supply
    """,
    Known("printer", ValueTag.RESOLUTION, _ONE): "printer-resolution-default resolution-default",
    Known("printer", ValueTag.TEXT, _ONE): "marker-message printer-info printer-location printer-make-and-model",
    Known("printer", ValueTag.TEXT, _SEVERAL): """
        auth-info-default printer-alert-description printer-finisher-description
        printer-finisher-supplies-description printer-supply-description
    """,
    Known("printer", ValueTag.URI, _ONE): "device-uri printer-geo-location printer-more-info",
    Known("printer", ValueTag.URI, _SEVERAL): "printer-uri-supported",
    Known("subscription", ValueTag.CHARSET, _ONE): "notify-charset",
    Known("subscription", ValueTag.INTEGER, _ONE): "notify-lease-duration notify-time-interval",
    Known("subscription", ValueTag.KEYWORD, _ONE): "notify-pull-method",
    Known("subscription", ValueTag.KEYWORD, _SEVERAL): "notify-events",
    Known("subscription", ValueTag.NATURAL_LANGUAGE, _ONE): "notify-natural-language",
    Known("subscription", ValueTag.OCTET_STRING, _ONE): "notify-user-data",
    Known("subscription", ValueTag.URI, _ONE): "notify-recipient-uri",
}
KNOWN = {name: known for known, names in _NAMES.items() for name in names.split()}
"""The options of the table by their names."""
