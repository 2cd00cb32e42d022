"""Claims: a route has one owner, and a part speaks only for itself."""
import base64
import contextlib
import hashlib
import socket
import ssl
import unittest

import grpc

from contracts import contract_with_route
from foreign import GrpcClient, tls_context
from platform_under_test import Platform, protoset, until

REGISTER = "simpul.catalogue.v1.RegistryService/Register"
LIST = "simpul.catalogue.v1.RegistryService/ListParts"
SETTINGS = b"\x04"  # the type of an HTTP/2 server's first frame (RFC 9113, 6.5)


class Claims(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = cls.enterClassContext(Platform())
        cls.platform.wait_for_sample()
        cls.contracts = protoset()
        catalogue = cls.address_of_catalogue()
        cls.clients = {}
        for identity in ("service/wifi", "service/events", "adapter/diskominfo", "adapter/dpupr", "operator/admin",
                         "agency/sample"):
            client = GrpcClient(catalogue, credentials=cls.platform.certificate(identity), protoset=cls.contracts)
            cls.addClassCleanup(client.close)
            cls.clients[identity] = client

    @classmethod
    def address_of_catalogue(cls):
        def found():
            with contextlib.suppress(OSError):
                return (cls.platform.data / "run/catalogue").read_text().strip()
        return until(found, "the catalogue's address is in run/catalogue")

    def parts(self):
        return self.clients["operator/admin"].call(LIST).get("parts", [])

    def register(self, identity, contracts=None, **part):
        contract = (contracts or self.contracts).SerializeToString()
        request = {"part": {"instance": "foreign", "address": "127.0.0.1:9",
                            "contractHash": hashlib.sha256(contract).hexdigest(), **part},
                   "protoset": base64.b64encode(contract).decode()}
        return self.clients[identity].call(REGISTER, request)

    def refused(self, code, identity, *texts, contracts=None, **part):
        before = self.parts()
        with self.assertRaises(grpc.RpcError) as refusal:
            self.register(identity, contracts, **part)
        self.assertEqual(code, refusal.exception.code(), refusal.exception.details())
        for text in texts:
            self.assertIn(text, refusal.exception.details())
        self.assertEqual([part["name"] for part in before], [part["name"] for part in self.parts()])

    def test_every_part_is_on_the_bus(self):
        identities = {part["identity"].removeprefix("spiffe://simpul.local/") for part in self.parts()}
        self.assertLessEqual({"service/wifi", "service/events", "adapter/diskominfo"}, identities)

    def test_two_claims_on_one_route_name_both_claimants(self):
        package = "simpul.dept.dpupr.roads.v1"
        self.refused(grpc.StatusCode.ALREADY_EXISTS, "adapter/dpupr", "adapter/dpupr", "service/wifi", "/v1/hotspots",
                     contracts=contract_with_route(package, "/v1/hotspots"), services=[package + ".ClaimService"])
        self.assertEqual(6, len(self.platform.all_of("hotspots")))

    def test_a_route_that_nobody_has_is_given_and_taken_back(self):
        package = "simpul.dept.dpupr.roads.v1"
        self.register("adapter/dpupr", contract_with_route(package, "/v1/roads"), services=[package + ".ClaimService"])
        # Nobody listens where it said: the route is known, the part cannot be reached.
        until(lambda: self.platform.rest("GET", "/v1/roads").status == 503, "the route is known")
        self.clients["adapter/dpupr"].call("simpul.catalogue.v1.RegistryService/Deregister", {"instance": "foreign"})
        until(lambda: self.platform.rest("GET", "/v1/roads").status == 404, "the route is gone")

    def test_a_service_of_another_domain_is_refused(self):
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "service/events", services=["simpul.wifi.v1.HotspotService"])

    def test_an_adapter_cannot_serve_a_public_noun(self):
        self.refused(grpc.StatusCode.PERMISSION_DENIED, "adapter/dpupr", services=["simpul.wifi.v1.SessionService"])

    def test_an_adapter_cannot_take_another_departments_name(self):
        for code in (grpc.StatusCode.PERMISSION_DENIED,):
            self.refused(code, "adapter/dpupr", services=["simpul.wifi.v1.WifiSourceService"],
                         authorities=["radius.diskominfo"])

    def test_an_adapter_cannot_write_anothers_topic(self):
        for topic in ("simpul.wifi.v1.SessionEvent", "simpul.source.diskominfo.radius.session"):
            self.refused(grpc.StatusCode.PERMISSION_DENIED, "adapter/dpupr", topics=[topic],
                         services=["simpul.wifi.v1.WifiSourceService"], authorities=["radius.dpupr"])

    def test_an_agency_is_no_part(self):
        before = [part["name"] for part in self.parts()]
        with self.assertRaises(grpc.RpcError) as refusal:
            self.register("agency/sample", services=["simpul.wifi.v1.HotspotService"])
        # A part hangs up on whoever is none: there is nobody to tell a status to.
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, refusal.exception.code(), refusal.exception.details())
        self.assertEqual(before, [part["name"] for part in self.parts()])

    def test_an_agencys_certificate_is_hung_up_on_before_a_word_is_said(self):
        self.assertEqual(b"", self.first_bytes("agency/sample"))
        self.assertEqual(SETTINGS, self.first_bytes("service/wifi")[3:4], "a part is greeted in HTTP/2")

    def first_bytes(self, identity):
        """What the catalogue says first to a client with this certificate; empty: it closes."""
        context = tls_context(self.platform.data / "certs" / identity)
        context.check_hostname = False  # parts are known by their SPIFFE ID
        context.set_alpn_protocols(["h2"])
        host, port = self.address_of_catalogue().split(":")
        with socket.create_connection((host, int(port)), timeout=10) as plain, context.wrap_socket(plain) as tls:
            try:
                return tls.recv(9)
            except ConnectionResetError:
                return b""

    def test_an_agencys_certificate_serves_nobody(self):
        """One of our CA, shown by a server: who trusts the CA hangs up all the same."""
        trusting = ssl.create_default_context(cafile=self.platform.data / "ca/ca.crt")
        trusting.check_hostname = False  # so that what it is for decides alone
        for identity, refusal in (("agency/sample", "unsuitable certificate purpose"),
                                  ("operator/admin", "unsuitable certificate purpose"), ("gateway", None)):
            with self.subTest(identity):
                self.assertEqual(refusal, self.handshake(self.platform.data / "certs" / identity, trusting))

    def handshake(self, folder, trusting):
        """Why a client does not believe a server with the certificate in `folder`; None if it does."""
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
        server = serving.wrap_bio(to_server, to_client, server_side=True)
        for _ in range(4):  # as many flights as a handshake has, and some
            for side in (client, server):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLCertVerificationError as error:
                    return error.verify_message
        self.assertIsNotNone(client.cipher(), "the handshake came to an end")

    def test_what_is_not_in_the_contract_is_refused(self):
        self.refused(grpc.StatusCode.INVALID_ARGUMENT, "service/wifi", services=["simpul.wifi.v1.NoService"])

    def test_reads_go_on(self):
        self.assertEqual(6, len(self.platform.all_of("hotspots")))


if __name__ == "__main__":
    unittest.main()
