// What the gateway is started with.
#ifndef SIMPUL_GATEWAY_OPTIONS_H_
#define SIMPUL_GATEWAY_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bus/rpc/identity.h"
#include "bus/rpc/part_options.h"

namespace simpul::gateway {

// What a stranger can cost us. Every limit has its own answer or closes the connection.
struct Limits {
  size_t header_bytes = 32 << 10;       // of one request, names and values; beyond it 431
  size_t header_count = 100;            // of one request; beyond it 431
  size_t request_body = 4 << 20;        // of one REST request; beyond it 413
  size_t response_body = 16 << 20;      // of one gRPC answer that becomes JSON
  size_t transcode_memory = 256 << 20;  // of all REST bodies of one loop; beyond it 503
  // Of the whole gateway; more are closed at once. Less if the process may not have so many files.
  size_t connections = 10'000;
  uint32_t streams_per_connection = 256;
  uint32_t control_frames =
      1'000;  // PING, SETTINGS and the like without work in between; then GOAWAY
  absl::Duration header_timeout = absl::Seconds(10);  // handshake, preface and each request's head
  absl::Duration idle_timeout = absl::Minutes(5);     // a connection without a call
  // A client that says nothing while a call is open is asked whether it is there (PING), and cut if
  // nothing comes for as long again.
  absl::Duration ping_after = absl::Seconds(30);
  absl::Duration stall_timeout = absl::Minutes(1);  // a client that takes nothing off its socket
  absl::Duration default_deadline =
      absl::Seconds(30);                         // of REST, and of unary gRPC that names none
  absl::Duration max_deadline = absl::Hours(1);  // of a unary call, whatever it asks for
};

// A part that is not in the catalogue.
struct StaticPart {
  std::string name;     // how logs and errors call it
  std::string address;  // "host:port"
  std::string
      protoset;  // a file: serialized FileDescriptorSet with imports; its PUBLIC services are shown
  bool plaintext = false;  // h2c, for a gRPC service without mutual TLS
  std::string identity;    // its SPIFFE ID, unless `plaintext`
};

// A key known without a catalogue.
struct StaticKey {
  std::string agency;
  std::string text;  // "smp_<8>_<43>"
};

// Uses `credentials` (of "gateway"), `catalogue` and `admin` of PartOptions. Without `catalogue`
// only static parts and keys are known.
struct Options : rpc::PartOptions {
  std::string listen_plain = "127.0.0.1:8080";  // HTTP/1.1 and h2c; empty: none; port 0 picks one
  std::string listen_tls = "127.0.0.1:8443";    // h2 and HTTP/1.1 by ALPN; empty: none
  rpc::CertificateFiles tls;                    // what `listen_tls` shows to clients
  std::string data;  // directory of the last known parts, contracts and keys; empty: none are kept
  // For so long without the catalogue the keys known last are good enough to start with: a key may
  // have been revoked since.
  absl::Duration keys_max_age = absl::Hours(24);
  std::vector<StaticPart> static_parts;
  std::vector<StaticKey> static_keys;
  int threads = 0;                               // event loops; 0: one per core
  absl::Duration stop_grace = absl::Seconds(5);  // for calls in hand when the gateway stops
  Limits limits;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_OPTIONS_H_
