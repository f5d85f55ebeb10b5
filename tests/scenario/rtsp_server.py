#!/usr/bin/env python3
"""A real RTSP server (GStreamer's) that plays an H.264 MP4 file to everybody who asks, from its beginning for each.

    rtsp_server.py FILE [PORT]      prints rtsp://127.0.0.1:PORT/clip once it listens; without PORT, or 0: a free one
    rtsp_server.py --check          exit code 0 when all that it needs is installed

Debian: gir1.2-gst-rtsp-server-1.0 and python3-gi; run with Debian's own Python.
"""

import sys

ELEMENTS = ("filesrc", "qtdemux", "rtph264pay", "rtpbin", "udpsink")


def load():
    import gi  # noqa: PLC0415: so that --check can tell that it is missing
    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # noqa: PLC0415
    Gst.init(None)
    missing = [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]
    if missing:
        raise ImportError("GStreamer lacks " + ", ".join(missing))
    return GLib, GstRtspServer


def serve(path, port):
    glib, rtsp = load()
    factory = rtsp.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{path}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=-1 )')
    server = rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    server.get_mount_points().add_factory("/clip", factory)
    if not server.attach(None):
        sys.exit(f"rtsp_server.py: cannot listen on port {port}")
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}/clip", flush=True)
    glib.MainLoop().run()


def main():
    if sys.argv[1:] == ["--check"]:
        try:
            load()
        except (ImportError, ValueError) as error:
            sys.exit(str(error))
        return
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)


if __name__ == "__main__":
    main()
