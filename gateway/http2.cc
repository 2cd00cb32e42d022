#include "gateway/http2.h"

namespace simpul::gateway {
namespace {

constexpr size_t kShareFrom = 2 << 10;

}  // namespace

const nghttp2_option* Http2Options() {
  static const nghttp2_option* const options = [] {
    nghttp2_option* made;
    nghttp2_option_new(&made);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_no_closed_streams(made, 1);
    nghttp2_option_set_max_settings(made, 32);        // entries of one SETTINGS frame
    nghttp2_option_set_max_outbound_ack(made, 1000);  // answers to PING and SETTINGS not yet read
    nghttp2_option_set_stream_reset_rate_limit(made, 1000, 100);  // rapid reset: burst, per second
    nghttp2_option_set_max_continuations(made, 8);
    return made;
  }();
  return options;
}

bool FillFrom(nghttp2_session* session, Connection& connection) {
  while (!connection.full()) {
    const uint8_t* data;
    const ssize_t size = nghttp2_session_mem_send(session, &data);
    if (size < 0) return false;
    if (size == 0) return true;
    connection.Put(
        std::string_view(reinterpret_cast<const char*>(data), static_cast<size_t>(size)));
  }
  return true;
}

Slice SliceOf(Loop& loop, Buffer* received, const uint8_t* data, size_t size) {
  if (size < kShareFrom) return loop.arena().Copy(data, static_cast<uint32_t>(size));
  return Slice(received, data, static_cast<uint32_t>(size));
}

void SetCommonTls(SSL_CTX* tls) {
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  // Of TLS 1.2 only what RFC 9113, appendix A does not forbid to HTTP/2.
  SSL_CTX_set_cipher_list(tls, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_default_read_buffer_len(tls, 64 << 10);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
}

}  // namespace simpul::gateway
