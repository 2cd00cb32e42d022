// The part behind every proxy that is measured: bench_backend PORT. Answers gRPC over HTTP/2
// without TLS, in less time than a proxy takes, so that the proxy is what is busy: GetHotspot with
// one hotspot, ListHotspots with fifty, any other method with an empty message.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "gateway/grpc_wire.h"
#include "gateway/header_list.h"
#include "gateway/http2.h"
#include "gateway/http2_memory.h"
#include "gateway/listen.h"
#include "simpul/wifi/v1/wifi.pb.h"

namespace simpul::bench {
namespace {

using gateway::Buffer;
using gateway::Connection;
using gateway::Field;
using gateway::Loop;

constexpr int kRows = 50;
constexpr int32_t kWindow = 16 << 20;

wifi::v1::Hotspot MakeHotspot(int i) {
  wifi::v1::Hotspot hotspot;
  hotspot.set_name(absl::StrFormat("departments/diskominfo/hotspots/%d", 1000 + i));
  hotspot.set_display_name(absl::StrFormat("ap-alun-alun-%d", i));
  hotspot.set_nas_address(absl::StrFormat("10.36.72.%d", 1 + i));
  hotspot.set_description("Alun-alun kota, sisi utara \"tiang 4\"");
  hotspot.set_active_session_count(17 * i % 40);
  hotspot.mutable_observe_time()->set_seconds(1'764'000'000 + i);
  hotspot.mutable_observe_time()->set_nanos(120'000'000);
  hotspot.set_revision(1'764'000'000'000'000 + i);
  return hotspot;
}

std::string Framed(const google::protobuf::Message& message) {
  std::string bytes(gateway::kMessagePrefix, '\0');
  message.AppendToString(&bytes);
  gateway::WriteMessagePrefix(static_cast<uint32_t>(bytes.size() - gateway::kMessagePrefix),
                              bytes.data());
  return bytes;
}

const std::string& AnswerTo(std::string_view path) {
  static const std::string one = Framed(MakeHotspot(0));
  static const std::string empty = Framed(wifi::v1::Hotspot());
  static const std::string page = [] {
    wifi::v1::ListHotspotsResponse response;
    for (int i = 0; i < kRows; ++i) *response.add_hotspots() = MakeHotspot(i);
    response.set_next_page_token("b2Zmc2V0OjUw");
    return Framed(response);
  }();
  if (path == "/simpul.wifi.v1.HotspotService/GetHotspot") return one;
  if (path == "/simpul.wifi.v1.HotspotService/ListHotspots") return page;
  return empty;
}

// An answer on its way out: the stream's user data.
struct Stream {
  const std::string* answer = nullptr;
  size_t sent = 0;
};

// A proxy's connection. One thread.
class Session : public gateway::Protocol {
 public:
  Session(Connection* connection, nghttp2_mem* memory) : connection_(connection) {
    nghttp2_session_server_new3(&session_, Callbacks(), this, nullptr, memory);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 4096},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~Session() override { nghttp2_session_del(session_); }

  bool OnReady() override {
    connection_->MarkDirty();
    return true;
  }
  bool OnBytes(Buffer*, const uint8_t* data, size_t size) override {
    connection_->MarkDirty();
    return nghttp2_session_mem_recv(session_, data, size) == static_cast<ssize_t>(size);
  }
  bool Fill() override { return gateway::FillFrom(session_, *connection_); }
  bool Finished() const override { return false; }
  void OnClosed() override {}

 private:
  static Stream* StreamOf(nghttp2_session* session, int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int OnBegin(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, new Stream);
    return 0;
  }
  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    if (std::string_view(reinterpret_cast<const char*>(name), name_size) != ":path") return 0;
    StreamOf(session, frame->hd.stream_id)->answer =
        &AnswerTo({reinterpret_cast<const char*>(value), value_size});
    return 0;
  }
  static int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || frame->hd.type > NGHTTP2_HEADERS) {
      return 0;
    }
    const nghttp2_nv fields[] = {Field(":status", "200"),
                                 Field("content-type", "application/grpc")};
    const nghttp2_data_provider body{.source = {.ptr = StreamOf(session, frame->hd.stream_id)},
                                     .read_callback = ReadBody};
    return nghttp2_submit_response(session, frame->hd.stream_id, fields, 2, &body);
  }
  static ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* to, size_t room,
                          uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<Stream*>(source->ptr);
    const size_t size = std::min(room, stream.answer->size() - stream.sent);
    std::copy_n(stream.answer->data() + stream.sent, size, to);
    stream.sent += size;
    if (stream.sent == stream.answer->size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const nghttp2_nv trailer = Field("grpc-status", "0");
      nghttp2_submit_trailer(session, id, &trailer, 1);
    }
    return static_cast<ssize_t>(size);
  }
  static int OnClose(nghttp2_session* session, int32_t id, uint32_t, void*) {
    delete StreamOf(session, id);
    return 0;
  }

  static const nghttp2_session_callbacks* Callbacks() {
    static const nghttp2_session_callbacks* const table = [] {
      nghttp2_session_callbacks* made;
      nghttp2_session_callbacks_new(&made);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, OnBegin);
      nghttp2_session_callbacks_set_on_header_callback(made, OnHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, OnFrame);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, OnClose);
      return made;
    }();
    return table;
  }

  Connection* const connection_;
  nghttp2_session* session_ = nullptr;
};

class Listener : public gateway::Peer {
 public:
  Listener(Loop* loop, int fd) : loop_(loop), fd_(fd) { loop_->Watch(fd_, EPOLLIN, this); }

  void OnEvents(uint32_t) override {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto* connection = loop_->Own(std::make_unique<Connection>(
        loop_, fd, nullptr, /*connecting=*/false, absl::InfiniteDuration()));
    connection->Speak(std::make_unique<Session>(connection, memory_.functions()));
    connection->Start();
  }

 private:
  Loop* const loop_;
  const int fd_;
  gateway::Http2Memory memory_;
};

int Main(const char* port) {
  Loop loop;
  const auto sockets = gateway::Listen(absl::StrFormat("127.0.0.1:%s", port), 1);
  if (!sockets.ok()) {
    absl::FPrintF(stderr, "%s\n", std::string(sockets.status().message()));
    return 1;
  }
  Listener listener(&loop, sockets->fds.front());
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace simpul::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_backend PORT\n", stderr);
    return 2;
  }
  return simpul::bench::Main(argv[1]);
}
