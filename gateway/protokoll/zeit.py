"""Times as the tables hold them: microseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta

from gateway.errors import StoreError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC of an aware `moment`. Raises StoreError for one without a time zone."""
    if moment.tzinfo is None:
        raise StoreError("a Protokolleintrag has a time without a time zone")
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The moment in UTC."""
    return _EPOCH + timedelta(microseconds=value)
