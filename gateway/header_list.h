// HTTP/2 header fields as nghttp2 hands them over: references to its buffers, not copies.
#ifndef SIMPUL_GATEWAY_HEADER_LIST_H_
#define SIMPUL_GATEWAY_HEADER_LIST_H_

#include <nghttp2/nghttp2.h>

#include <string_view>
#include <vector>

namespace simpul::gateway {

// A field whose text outlives the frame it is sent in.
inline nghttp2_nv Field(std::string_view name, std::string_view value,
                        uint8_t flags = NGHTTP2_NV_FLAG_NONE) {
  return {
      reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
      reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
      static_cast<uint8_t>(flags | NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)};
}

inline std::string_view NameOf(const nghttp2_nv& field) {
  return {reinterpret_cast<const char*>(field.name), field.namelen};
}
inline std::string_view ValueOf(const nghttp2_nv& field) {
  return {reinterpret_cast<const char*>(field.value), field.valuelen};
}

// Fields in the order they came. Keeps its memory on Clear. One thread.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  ~HeaderList() { Clear(); }

  void Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags);
  void Clear();

  // The first of this name; empty if there is none.
  std::string_view Find(std::string_view name) const;
  const std::vector<nghttp2_nv>& fields() const { return fields_; }
  bool empty() const { return fields_.empty(); }
  // Leaves out all of this name.
  void Remove(std::string_view name);

 private:
  std::vector<nghttp2_nv> fields_;
  std::vector<nghttp2_rcbuf*> held_;
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_HEADER_LIST_H_
