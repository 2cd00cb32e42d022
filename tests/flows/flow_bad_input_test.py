"""Bad input: the right status, the field's path, never the value, and nothing half-done."""
import concurrent.futures
import unittest

import grpc

from platform_under_test import Platform, until

EVENTS = "simpul.wifi.v1.SessionEvent"
SECRET = "rahasia-warga-3672"  # what a client sends by mistake; no answer may repeat it


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        cls.client = cls.platform.grpc()
        cls.addClassCleanup(cls.client.close)

    def refuse(self, status, method, path, body=None, field=None, **how):
        """The call is refused with `status`, an error body with a message, and `field` in its text."""
        answer = self.platform.rest(method, path, body, **how)
        self.assertEqual(status, answer.status, f"{method} {path} {body}: {answer.text}")
        self.assertNotIn(SECRET, answer.text)
        error = answer.json["error"]
        self.assertTrue(error["message"], answer.text)
        if field:
            self.assertIn(field, answer.text)
        return error

    def refuse_grpc(self, code, method, request, text=""):
        with self.assertRaises(grpc.RpcError) as refused:
            self.client.call(method, request)
        self.assertEqual(code, refused.exception.code(), refused.exception.details())
        self.assertIn(text, refused.exception.details())
        self.assertNotIn(SECRET, refused.exception.details())

    def test_an_unknown_method_is_unimplemented(self):
        for method in ("simpul.wifi.v1.HotspotService/Explode", "no.such.Service/Get"):
            call = self.client.channel.unary_unary(f"/{method}")
            with self.assertRaises(grpc.RpcError) as refused:
                call(b"", timeout=10)
            self.assertEqual(grpc.StatusCode.UNIMPLEMENTED, refused.exception.code(), method)

    def test_an_unknown_path_is_not_found(self):
        self.refuse(404, "GET", "/v1/nowhere")
        self.refuse(404, "GET", "/")

    def test_a_resource_that_is_not_there_is_not_found(self):
        self.refuse(404, "GET", "/v1/departments/diskominfo/hotspots/999999")
        self.refuse_grpc(grpc.StatusCode.NOT_FOUND, "simpul.wifi.v1.SessionService/GetSession",
                         {"name": "departments/diskominfo/sessions/99999999"})

    def test_json_that_is_no_json_is_refused(self):
        for body in ('{"types": ["a"]', "{'types': ['a']}", '{"types": ["a",]}', '{"types": ["a"],}', '{types: ["a"]}',
                     '{"types": ["a"]} x', "[]", "null x", '{"types": ["\\ud800"]}', '{"types": NaN}', ""):
            with self.subTest(body=body):
                self.refuse(400, "POST", "/v1/subscriptions?subscriptionId=bad", body)
        self.assertEqual(404, self.platform.rest("GET", "/v1/subscriptions/bad").status)

    def test_a_field_that_does_not_fit_is_named_and_its_value_is_not(self):
        for body, field in ((f'{{"types": "{SECRET}"}}', "types"), (f'{{"types": [1], "namePrefix": "{SECRET}"}}', "types"),
                            (f'{{"namePrefix": {{"a": "{SECRET}"}}}}', "subscription.name_prefix"), (f'{{"start": "{SECRET}"}}', "start"),
                            (f'{{"createTime": "{SECRET}"}}', "subscription.create_time"),
                            (f'{{"{SECRET}": 1}}', "subscription: unknown field"),
                            (f'{{"namePrefix": "a", "namePrefix": "{SECRET}"}}', "subscription.name_prefix")):
            with self.subTest(body=body):
                self.refuse(400, "POST", "/v1/subscriptions?subscriptionId=bad", body, field)

    def test_a_query_parameter_that_does_not_fit_is_named(self):
        for query, field in ((f"pageSize={SECRET}", "page_size"), ("pageSize=1e99", "page_size"),
                             (f"state={SECRET}", "state"), (f"pageSise={SECRET}", "pageSise"),
                             (f"{SECRET.replace('-', '%20')}=1", "parameter 1")):
            with self.subTest(query=query):
                self.refuse(400, "GET", f"/v1/sessions?{query}", field=field)

    def test_no_key_and_a_wrong_key_are_refused(self):
        wrong = "smp_AAAAAAAA_" + "B" * 43
        for key in (None, wrong, "x", SECRET, self.platform.key[:-1], self.platform.key + "0"):
            with self.subTest(key=key):
                self.refuse(401, "GET", "/v1/hotspots", key=key)
        with self.assertRaises(grpc.RpcError) as refused:
            self.platform.grpc(key=wrong).services()
        self.assertEqual(grpc.StatusCode.UNAUTHENTICATED, refused.exception.code())

    def test_a_revoked_key_is_refused_at_once(self):
        data = ["--data", str(self.platform.data)]
        text = next(word for word in self.platform.cli("key", "create", *data, "--agency", "dinkes").stdout.split()
                    if word.startswith("smp_"))
        until(lambda: self.platform.rest("GET", "/v1/hotspots", key=text).status == 200, "the new key holds")
        self.platform.cli("key", "revoke", *data, text.split("_")[1])
        until(lambda: self.platform.rest("GET", "/v1/hotspots", key=text).status == 401, "the key is refused", timeout=2)

    def test_paging_that_is_wrong_is_refused(self):
        self.refuse(400, "GET", "/v1/sessions?pageSize=-1")
        self.refuse(400, "GET", "/v1/sessions?pageToken=Zm9yZ2Vk")
        token = self.platform.rest("GET", "/v1/sessions?pageSize=2").json["nextPageToken"]
        self.refuse(400, "GET", f"/v1/sessions?pageSize=2&pageToken={token[:-4]}AAAA")
        self.refuse(400, "GET", f"/v1/sessions?pageSize=2&state=ACTIVE&pageToken={token}")
        self.refuse(400, "GET", f"/v1/hotspots?pageToken={token}")
        self.refuse_grpc(grpc.StatusCode.INVALID_ARGUMENT, "simpul.wifi.v1.SessionService/ListSessions", {"pageSize": -1})

    def test_a_subscription_that_is_wrong_is_refused(self):
        for request in ({"types": [EVENTS], "resumeToken": "Zm9yZ2Vk"}, {"types": ["simpul.wifi.v1.Nothing"], "start": "LATEST"},
                        {"start": "LATEST"}, {"types": [EVENTS]},
                        {"types": ["simpul.wifi.v1.SourceSessionEvent"], "start": "LATEST"},
                        {"types": [EVENTS], "namePrefix": "../x", "start": "LATEST"}):
            with self.subTest(request=request):
                with self.assertRaises(grpc.RpcError) as refused:
                    next(self.client.stream("simpul.events.v1.EventService/Subscribe", request))
                self.assertEqual(grpc.StatusCode.INVALID_ARGUMENT, refused.exception.code(), refused.exception.details())

    def test_a_subscription_id_that_is_wrong_is_refused_and_nothing_is_made(self):
        for name in ("Upper", "1st", "a" * 64, "a/b", ""):
            with self.subTest(name=name):
                self.refuse(400, "POST", f"/v1/subscriptions?subscriptionId={name}", {"types": [EVENTS]})
        self.assertEqual({}, self.platform.rest("GET", "/v1/subscriptions").json)

    def test_a_subscription_of_nobody_is_not_found(self):
        with self.assertRaises(grpc.RpcError) as refused:
            next(self.client.stream("simpul.events.v1.EventService/Subscribe", {"subscription": "subscriptions/nobody"}))
        self.assertEqual(grpc.StatusCode.NOT_FOUND, refused.exception.code())

    def test_a_body_that_is_too_large_is_refused(self):
        answer = self.platform.rest("POST", "/v1/subscriptions?subscriptionId=large",
                                    '{"namePrefix": "' + "x" * (5 << 20) + '"}')
        self.assertEqual(413, answer.status)

    def test_large_bodies_leave_no_memory_behind(self):
        before = self.platform.up.resident_megabytes()
        body = '{"types": ["' + "x" * 4_000_000 + '"], "start": "NEVER"}'

        def post(_):
            return self.platform.rest("POST", "/v1/subscriptions?subscriptionId=large", body).status
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            self.assertEqual({400}, set(pool.map(post, range(96))))
        until(lambda: self.platform.up.resident_megabytes() < before + 40, "the memory is given back", timeout=5)

    def test_after_all_that_it_still_serves(self):
        self.assertEqual(200, self.platform.rest("GET", "/v1/hotspots").status)


if __name__ == "__main__":
    unittest.main()
