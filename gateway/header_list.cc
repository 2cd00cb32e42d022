#include "gateway/header_list.h"

namespace simpul::gateway {

void HeaderList::Add(nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t flags) {
  const nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
  const nghttp2_vec v = nghttp2_rcbuf_get_buf(value);
  nghttp2_rcbuf_incref(name);
  nghttp2_rcbuf_incref(value);
  held_.push_back(name);
  held_.push_back(value);
  fields_.push_back(Field({reinterpret_cast<const char*>(n.base), n.len},
                          {reinterpret_cast<const char*>(v.base), v.len},
                          flags & NGHTTP2_NV_FLAG_NO_INDEX));
}

void HeaderList::Clear() {
  for (nghttp2_rcbuf* buffer : held_) nghttp2_rcbuf_decref(buffer);
  held_.clear();
  fields_.clear();
}

void HeaderList::Remove(std::string_view name) {
  std::erase_if(fields_, [name](const nghttp2_nv& field) { return NameOf(field) == name; });
}

std::string_view HeaderList::Find(std::string_view name) const {
  for (const nghttp2_nv& field : fields_) {
    if (NameOf(field) == name) return ValueOf(field);
  }
  return {};
}

}  // namespace simpul::gateway
