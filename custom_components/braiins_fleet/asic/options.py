"""How the channels to miners behave, where gRPC would do otherwise."""

BRIEF_OPTIONS = (
    # A retry that nobody asked for could do a thing twice, and costs a tenth.
    ("grpc.enable_retries", 0),
    # Miners are in the home, a proxy leads out of it.
    ("grpc.enable_http_proxy", 0),
    # What one channel learns of an address is no business of another's.
    ("grpc.use_local_subchannel_pool", 1),
)
LASTING_OPTIONS = (
    *BRIEF_OPTIONS,
    # The default back-off of up to two minutes leaves a miner unavailable long after
    # it is back.
    ("grpc.initial_reconnect_backoff_ms", 1_000),
    # Also the time that a weak miner has to shake hands.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 2_500),
    # A connection whose other end has vanished is noticed within half a minute, and
    # replaced. Without a timeout of its own, a ping waits a whole minute.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Measuring the bandwidth costs a ping per poll, for a few hundred bytes.
    ("grpc.http2.bdp_probe", 0),
    # Logs come in pieces, of a size that nobody promised.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)
