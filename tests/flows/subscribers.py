"""Subscribers that come back: whatever dies, each goes on from where it was."""
import threading

import grpc

from foreign import Subscriber

# A stream may break while something is dead; whatever else it says is a fault.
BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Returning:
    """Follows EventService.Subscribe on a thread, and subscribes again whenever the stream breaks."""

    def __init__(self, platform, **request):
        self._client = platform.grpc()
        self.events = []
        self._closing = threading.Event()
        self._stream = Subscriber(self._client, **request).wait_open()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self):
        while not self._closing.is_set():
            event = self._stream.next_event(timeout=0.5)
            if event:
                self.events.append(event)
                self._took(event)
            elif self._stream.ended:
                if self._failed():
                    return  # close() tells
                self._closing.wait(0.2)
                self._stream = Subscriber(self._client, **self._next_request())
            else:
                self._took(None)

    def _failed(self):
        error = self._stream.error
        return error and error.code() not in BROKEN

    def close(self):
        self._closing.set()
        self._thread.join(10)
        self._stream.close()
        self._client.close()
        if self._failed():
            raise AssertionError(f"the stream ended with {self._stream.error}")


class Resuming(Returning):
    """Keeps its last token itself: nothing may be missing, and nothing come twice."""

    def __init__(self, platform, types, start="LATEST"):
        self._types = types
        self._token = None
        super().__init__(platform, types=types, start=start)

    def _took(self, _):
        self._token = self._stream.token or self._token

    def _next_request(self):
        self._took(None)
        return {"types": self._types, "resumeToken": self._token} if self._token else {
            "types": self._types, "start": "LATEST"}


class Durable(Returning):
    """Has the platform keep its place, by Acknowledge: only what it has not acknowledged may come again."""

    def __init__(self, platform, types, name, start="LATEST"):
        created = platform.rest("POST", f"/v1/subscriptions?subscriptionId={name}", {"types": types, "start": start})
        if created.status != 200:
            raise AssertionError(f"CreateSubscription: {created.status} {created.text}")
        self._name = created.json["name"]
        self._unacknowledged = []
        self.acknowledged = set()
        self.wrongly_again = []
        super().__init__(platform, subscription=self._name)

    def _took(self, event):
        if event:
            if event["id"] in self.acknowledged:
                self.wrongly_again.append(event["id"])
            self._unacknowledged.append(event["id"])
        if self._unacknowledged and (event is None or len(self._unacknowledged) >= 20):
            self._acknowledge()

    def _acknowledge(self):
        try:
            self._client.call("simpul.events.v1.EventService/Acknowledge",
                              {"subscription": self._name, "resumeToken": self._stream.token})
        except grpc.RpcError as error:
            if error.code() not in BROKEN + (grpc.StatusCode.DEADLINE_EXCEEDED,):
                raise
            return  # perhaps it was heard, perhaps not: the next one says more
        self.acknowledged |= set(self._unacknowledged)
        self._unacknowledged = []

    def _next_request(self):
        self._unacknowledged = []  # they come again, unless an answer to Acknowledge was lost
        return {"subscription": self._name}
