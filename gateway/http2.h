// What both HTTP/2 sides of the gateway share.
#ifndef SIMPUL_GATEWAY_HTTP2_H_
#define SIMPUL_GATEWAY_HTTP2_H_

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include "gateway/buffer.h"
#include "gateway/connection.h"
#include "gateway/loop.h"

namespace simpul::gateway {

inline constexpr size_t kFrameHead = 9;

// Window updates by hand (back-pressure), no memory of closed streams, limits against floods.
const nghttp2_option* Http2Options();

// Puts what the session has to send, until the connection is full. False: the session is broken.
bool FillFrom(nghttp2_session* session, Connection& connection);

// A slice of what was just received: small pieces are copied so that they do not hold 64 KiB each.
Slice SliceOf(Loop& loop, Buffer* received, const uint8_t* data, size_t size);

// TLS 1.2 and later, whole-record reads, no renegotiation: for both sides.
void SetCommonTls(SSL_CTX* tls);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_HTTP2_H_
