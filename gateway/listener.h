// Where clients of one loop come in.
#ifndef SIMPUL_GATEWAY_LISTENER_H_
#define SIMPUL_GATEWAY_LISTENER_H_

#include <cstdint>

#include "gateway/loop.h"

namespace simpul::gateway {

class Worker;

// Accepts clients of one listening socket until it is destroyed. One thread.
class Listener : public Peer {
 public:
  // Takes over `fd`.
  Listener(Worker* worker, int fd, bool tls);
  ~Listener() override;

  void OnEvents(uint32_t events) override;

 private:
  void Welcome(int fd);
  void Pause(int error);
  void Resume();

  Worker* const worker_;
  const int fd_;
  const bool tls_;
  Timer retry_;
  bool exhausted_ = false;  // and said so
};

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_LISTENER_H_
