"""The proxies beside ours: one worker each, no TLS, no log, as their manuals set them up for gRPC."""
import re
import shutil

from processes import PROXY_CORE, ROOT, Failed, free_port, output_of
import bus
import load

ENVOY = ROOT / "build" / "tools" / "envoy" / "envoy" / "_bin" / "envoy"

NGINX = """
daemon off; master_process off; user root; pid {folder}/nginx.pid; error_log {folder}/nginx.err warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 300s; http2_max_concurrent_streams 256;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} http2; client_max_body_size 0; grpc_buffer_size 32k;
    location / {{ grpc_pass grpc://backend; }}
  }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn 8000
  tune.h2.max-concurrent-streams 256
  tune.h2.initial-window-size 1048576
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend clients
  bind 127.0.0.1:{port} proto h2
  default_backend parts
backend parts
  http-reuse always
  server part 127.0.0.1:{backend} proto h2
"""

ENVOY_TRANSCODER = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: rest
          codec_type: AUTO
          generate_request_id: false
          http2_protocol_options: {{max_concurrent_streams: 256}}
          route_config:
            virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: part, timeout: 0s}}}}]}}]
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: {protoset}
              services: [{services}]
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
              suppress_envoy_headers: true
  clusters:
  - name: part
    type: STATIC
    connect_timeout: 5s
    circuit_breakers: {{thresholds: [{{max_connections: 10000, max_pending_requests: 100000, max_requests: 100000}}]}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http2_protocol_options: {{}}}}
    load_assignment:
      cluster_name: part
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {backend}}}}}}}}}]}}]
"""


def program(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        raise Failed(f"{name} is not installed: setup/install bench")
    return path


def start_nginx(lab, backend):
    port = free_port()
    config = lab.write("nginx.conf", NGINX.format(folder=lab.folder, port=port, backend=backend))
    process = lab.start("nginx", [program("nginx"), "-c", config, "-e", lab.folder / "nginx.err"], port, PROXY_CORE)
    return load.Proxy("nginx", process, port)


def start_haproxy(lab, backend):
    port = free_port()
    config = lab.write("haproxy.cfg", HAPROXY.format(port=port, backend=backend))
    process = lab.start("haproxy", [program("haproxy"), "-db", "-f", config], port, PROXY_CORE)
    return load.Proxy("haproxy", process, port)


def start_envoy(lab, backend, services):
    if not ENVOY.exists():
        raise Failed("Envoy is not there: setup/download envoy build/tools/envoy")
    port = free_port()
    config = lab.write("envoy.yaml", ENVOY_TRANSCODER.format(
        port=port, backend=backend, protoset=bus.PROTOSET, services=", ".join(f'"{name}"' for name in services)))
    process = lab.start("envoy", [ENVOY, "-c", config, "--concurrency", 1, "--disable-hot-restart", "-l", "error"],
                        port, PROXY_CORE)
    return load.Proxy("envoy", process, port)


def versions():
    """Who was beside us, for the table's note."""
    haproxy = re.search(r"version ([\d.]+)", output_of(program("haproxy"), "-v"))[1]
    # nginx says it where errors go
    nginx = re.search(r"nginx/([\d.]+)", output_of("bash", "-c", f"{program('nginx')} -v 2>&1"))[1]
    return f"nginx {nginx}, haproxy {haproxy}"


def envoy_version():
    return re.search(r"/([\d.]+)/", output_of(ENVOY, "--version"))[1]
