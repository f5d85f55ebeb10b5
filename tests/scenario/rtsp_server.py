#!/usr/bin/env python3
"""A real RTSP server (GStreamer's) that plays an H.264 MP4 file to everybody who asks, from its beginning for each.

    rtsp_server.py FILE [PORT] [--transport tcp|udp] [--login basic|digest] [--tls CERTIFICATE KEY]
                                    prints rtsp://127.0.0.1:PORT/clip once it listens; without PORT, or 0: a free one.
                                    Any other transport is refused with 461. The log-in is `me` with `s3cret`.
                                    With TLS the address is rtsps://…
    rtsp_server.py --check          exit code 0 when all that it needs is installed

Debian: gir1.2-gst-rtsp-server-1.0, python3-gi and, for TLS, glib-networking; run with Debian's own Python.
"""

import argparse
import sys

USER, PASSWORD = "me", "s3cret"
ELEMENTS = ("filesrc", "qtdemux", "rtph264pay", "rtpbin", "udpsink")


def load():
    import gi  # noqa: PLC0415: so that --check can tell that it is missing
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: PLC0415
    Gst.init(None)
    missing = [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]
    if missing:
        raise ImportError("GStreamer lacks " + ", ".join(missing))
    return GLib, GstRtsp, GstRtspServer


def ask_for_login(rtsp_types, rtsp, auth, factory, method):
    token = rtsp.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if method == "basic":
        auth.set_supported_methods(rtsp_types.RTSPAuthMethod.BASIC)
        auth.add_basic(rtsp.RTSPAuth.make_basic(USER, PASSWORD), token)
    else:
        auth.set_supported_methods(rtsp_types.RTSPAuthMethod.DIGEST)
        auth.add_digest(USER, PASSWORD, token)
    permissions = rtsp.RTSPPermissions()
    for permission in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("viewer", permission, True)
    factory.set_permissions(permissions)


def certificate_of(files):
    from gi.repository import Gio  # noqa: PLC0415: as above
    return Gio.TlsCertificate.new_from_files(*files)


def serve(options):
    glib, rtsp_types, rtsp = load()
    factory = rtsp.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{options.file}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=-1 )')
    if options.transport:
        factory.set_protocols(getattr(rtsp_types.RTSPLowerTrans, options.transport.upper()))
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    if options.login or options.tls:
        auth = rtsp.RTSPAuth()
        if options.login:
            ask_for_login(rtsp_types, rtsp, auth, factory, options.login)
        if options.tls:
            auth.set_tls_certificate(certificate_of(options.tls))
        server.set_auth(auth)
    server.get_mount_points().add_factory("/clip", factory)
    if not server.attach(None):
        sys.exit(f"rtsp_server.py: cannot listen on port {options.port}")
    print(f"rtsp{'s' if options.tls else ''}://127.0.0.1:{server.get_bound_port()}/clip", flush=True)
    glib.MainLoop().run()


def main():
    if sys.argv[1:] == ["--check"]:
        try:
            load()
        except (ImportError, ValueError) as error:
            sys.exit(str(error))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("port", nargs="?", type=int, default=0)
    parser.add_argument("--transport", choices=("tcp", "udp"))
    parser.add_argument("--login", choices=("basic", "digest"))
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    serve(parser.parse_args())


if __name__ == "__main__":
    main()
