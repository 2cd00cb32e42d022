"""Clients that share no code with the platform: HTTP, gRPC by reflection, Kafka by aiokafka."""
import asyncio
import collections
import http.client
import json
import queue
import ssl
import threading

import aiokafka
import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


class Answer(collections.namedtuple("Answer", "status headers text")):
    @property
    def json(self):
        return json.loads(self.text)


def http_call(address, method, path, body=None, headers=None, context=None):
    """One HTTP/1.1 call. `body` is sent as it is; a dict as JSON."""
    connection = (http.client.HTTPSConnection(address, timeout=10, context=context) if context
                  else http.client.HTTPConnection(address, timeout=10))
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("content-type", "application/json")
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()


class _Metadata(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor,
                grpc.StreamStreamClientInterceptor):
    """Sends the same metadata with every call."""

    def __init__(self, metadata):
        self._metadata = metadata

    def _add(self, details):
        return details._replace(metadata=list(details.metadata or []) + self._metadata)

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._add(details), request)

    intercept_unary_stream = intercept_unary_unary
    intercept_stream_stream = intercept_unary_unary


class GrpcClient:
    """Calls what the server's reflection, or `protoset`, describes. Requests and answers are dicts."""

    def __init__(self, address, key=None, credentials=None, authority=None, protoset=None):
        options = [("grpc.default_authority", authority)] if authority else []
        # Tests start servers again at the same address: no waiting for the usual back-off.
        options += [("grpc.max_reconnect_backoff_ms", 200), ("grpc.initial_reconnect_backoff_ms", 50),
                    ("grpc.min_reconnect_backoff_ms", 5000)]  # how long a handshake may take
        channel = (grpc.secure_channel(address, credentials, options) if credentials
                   else grpc.insecure_channel(address, options))
        self._channel = channel
        self.channel = grpc.intercept_channel(channel, _Metadata([("x-api-key", key)] if key else []))
        if protoset:
            self.pool = descriptor_pool.DescriptorPool()
            for file in protoset.file:
                self.pool.Add(file)
        else:
            self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
            self.pool = descriptor_pool.DescriptorPool(self.reflection)

    def close(self):
        self._channel.close()

    def services(self):
        return sorted(self.reflection.get_services())

    def message_class(self, full_name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(full_name))

    def _callable(self, method):
        service, name = method.split("/")
        found = self.pool.FindServiceByName(service).FindMethodByName(name)
        request = message_factory.GetMessageClass(found.input_type)
        response = message_factory.GetMessageClass(found.output_type)
        kind = self.channel.unary_stream if found.server_streaming else self.channel.unary_unary
        return request, kind(f"/{method}", request.SerializeToString, response.FromString)

    def to_dict(self, message):
        return json_format.MessageToDict(message, descriptor_pool=self.pool)

    def call(self, method, request=None, timeout=10):
        """A unary call. Raises grpc.RpcError."""
        request_class, call = self._callable(method)
        return self.to_dict(call(json_format.ParseDict(request or {}, request_class()), timeout=timeout))

    def stream(self, method, request=None):
        """A server stream: the grpc call, which iterates over messages."""
        request_class, call = self._callable(method)
        return call(json_format.ParseDict(request or {}, request_class()))


class Subscriber:
    """Follows EventService.Subscribe on a thread: `events` are dicts as they came, `token` the last."""

    def __init__(self, client, **request):
        self._client = client
        self._stream = client.stream("simpul.events.v1.EventService/Subscribe", request)
        self._queue = queue.Queue()
        self.events = []
        self.token = None
        self.error = None
        self.ended = False
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            for answer in self._stream:
                self._queue.put(self._client.to_dict(answer))
                self._opened.set()
        except grpc.RpcError as error:
            self.error = error
        self.ended = True
        self._queue.put(None)
        self._opened.set()

    def wait_open(self, timeout=15):
        """Waits for the first answer, which says where the stream begins."""
        if not self._opened.wait(timeout) or self.error:
            raise AssertionError(f"the stream did not begin within {timeout} s: {self.error}")
        return self

    def next_event(self, timeout=15):
        """The next event, or None if none came in time or the stream ended."""
        while not (self.ended and self._queue.empty()):
            try:
                answer = self._queue.get(timeout=timeout)
            except queue.Empty:
                return None
            if answer is None:
                return None
            self.token = answer.get("resumeToken", self.token)
            if "event" in answer:
                self.events.append(answer["event"])
                return answer["event"]

    def next_of(self, subject, timeout=15):
        """The next event of one resource; others are passed over."""
        while (event := self.next_event(timeout)) is not None:
            if event["subject"] == subject:
                return event
        raise AssertionError(f"no event of {subject} within {timeout} s: {self.error}")

    def close(self):
        self._stream.cancel()
        self._thread.join(10)


def visible_topics(address, folder):
    """Names of the topics that Kafka shows to the certificate in `folder`."""
    async def ask():
        consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=address, security_protocol="SSL",
                                             ssl_context=tls_context(folder))
        await consumer.start()
        try:
            return await consumer.topics()
        finally:
            await consumer.stop()
    return asyncio.run(ask())


def produce(address, topic, folder, value):
    """Writes one record without key or headers to a topic, with the certificate in `folder`."""
    async def write():
        producer = aiokafka.AIOKafkaProducer(bootstrap_servers=address, security_protocol="SSL",
                                             ssl_context=tls_context(folder))
        await producer.start()
        try:
            await producer.send_and_wait(topic, value)
        finally:
            await producer.stop()
    asyncio.run(write())


def tls_context(folder):
    context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
    context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    return context


class KafkaReader:
    """Reads a topic from its beginning on a thread, with the certificate in `folder`."""

    def __init__(self, address, topic, folder):
        self._queue = queue.Queue()
        self._loop = asyncio.new_event_loop()
        self._task = None
        self._consumer = None
        self._thread = threading.Thread(target=self._run, args=(address, topic, folder), daemon=True)
        self._thread.start()

    def _run(self, address, topic, folder):
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._read(address, topic, folder))
        try:
            self._loop.run_until_complete(self._task)
        except (asyncio.CancelledError, RuntimeError):
            pass
        except Exception as error:
            self._queue.put(error)

    async def _read(self, address, topic, folder):
        # Without a group it takes all partitions of the topic.
        consumer = aiokafka.AIOKafkaConsumer(
            topic, bootstrap_servers=address, security_protocol="SSL", ssl_context=tls_context(folder),
            auto_offset_reset="earliest", metadata_max_age_ms=1000)
        try:
            await consumer.start()
            self._consumer = consumer
            async for record in consumer:
                self._queue.put(record)
        finally:
            await consumer.stop()

    def next_record(self, timeout=15):
        try:
            record = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(record, Exception):
            raise record
        return record

    def all_of_now(self):
        """Every record that the topic holds at this moment."""
        first = self.next_record()
        if first is None:
            return []
        partitions = self._consumer.assignment()
        ends = asyncio.run_coroutine_threadsafe(self._consumer.end_offsets(partitions), self._loop).result(15)
        begins = asyncio.run_coroutine_threadsafe(self._consumer.beginning_offsets(partitions), self._loop).result(15)
        missing = sum(ends.values()) - sum(begins.values()) - 1
        records = [first]
        for _ in range(missing):
            record = self.next_record()
            if record is None:
                raise AssertionError(f"only {len(records)} of {missing + 1} records came")
            records.append(record)
        return records

    def close(self):
        if self._task:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)

