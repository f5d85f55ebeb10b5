#include "media/internal/capture_device.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <unistd.h>

extern "C" {
#include <libavformat/avformat.h>
}

namespace ocelli::media::internal {
namespace {

using base::Code;
using base::Error;

class Node {
 public:
  // Without O_NONBLOCK some drivers wait in open() for whoever has the camera.
  explicit Node(const std::string& path) : number_(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {
    if (number_ >= 0) close(number_);
  }
  bool is_open() const { return number_ >= 0; }

  /// 0, or the number of the error.
  template <typename Argument>
  int ask(unsigned long request, Argument& argument) const {
    while (ioctl(number_, request, &argument) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

 private:
  const int number_;
};

CaptureDevice faulty(CaptureFault fault, std::string reason, std::string remedy = {}) {
  CaptureDevice device;
  device.fault = fault;
  device.reason = std::move(reason);
  device.remedy = std::move(remedy);
  return device;
}

CaptureDevice failed(int number) {
  switch (number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return faulty(CaptureFault::absent, "no such camera", "is it plugged in?");
    case EACCES:
    case EPERM:
      return faulty(CaptureFault::not_permitted, "permission denied",
                    "add the user that runs ocelli to the group video");
    case EBUSY:
      return faulty(CaptureFault::busy, "busy: another program has the camera", "end that, or choose another camera");
    case ENOTTY:
    case EINVAL:
      return faulty(CaptureFault::no_camera, "it is no V4L2 device");
    default:
      return faulty(CaptureFault::broken, std::string("the camera's driver fails: ") + std::strerror(number));
  }
}

CaptureDevice without_pictures(std::uint32_t abilities) {
  if ((abilities & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0) {
    return faulty(CaptureFault::no_camera, "it gives its pictures in several planes, which FFmpeg does not take");
  }
  // A USB camera has a second node, for what it knows beside the picture.
  return faulty(CaptureFault::no_camera, "it is not a capture device",
                "a camera's pictures are often one /dev/video* before");
}

bool lists_jpeg(const Node& node) {
  v4l2_fmtdesc format{};
  format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  for (format.index = 0; node.ask(VIDIOC_ENUM_FMT, format) == 0; ++format.index) {
    if (format.pixelformat == V4L2_PIX_FMT_MJPEG || format.pixelformat == V4L2_PIX_FMT_JPEG) return true;
  }
  return false;
}

/// Anybody may open a camera, but only one have its pictures: who sets the format that it has already learns of that.
int try_to_take(const Node& node) {
  v4l2_format format{};
  format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  if (const int error = node.ask(VIDIOC_G_FMT, format); error != 0) return error;
  return node.ask(VIDIOC_S_FMT, format);
}

Code code_of(CaptureFault fault) {
  switch (fault) {
    case CaptureFault::absent:
      return Code::not_found;
    case CaptureFault::no_camera:
      return Code::unsupported;
    default:
      return Code::unavailable;
  }
}

}  // namespace

CaptureDevice look_at_camera(const std::string& path) {
  const Node node(path);
  if (!node.is_open()) return failed(errno);
  v4l2_capability self{};
  if (const int error = node.ask(VIDIOC_QUERYCAP, self); error != 0) return failed(error);
  // Of this node, where the driver tells them apart from those of the whole camera.
  const std::uint32_t abilities =
      (self.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? self.device_caps : self.capabilities;
  if ((abilities & V4L2_CAP_VIDEO_CAPTURE) == 0) return without_pictures(abilities);
  if ((abilities & V4L2_CAP_STREAMING) == 0) {
    return faulty(CaptureFault::no_camera, "its driver cannot stream, and FFmpeg takes no other");
  }
  if (const int error = try_to_take(node); error != 0) return failed(error);
  CaptureDevice device;
  const auto* card = reinterpret_cast<const char*>(self.card);
  device.name = std::string(card, strnlen(card, sizeof(self.card)));
  device.gives_jpeg = lists_jpeg(node);
  return device;
}

base::Status to_status(const CaptureDevice& device, const std::string& what) {
  if (device.fault == CaptureFault::none) return {};
  return Error(code_of(device.fault),
               what + ": " + device.reason + (device.remedy.empty() ? "" : "; " + device.remedy));
}

base::Status load_capture_library() {
  if (av_find_input_format("v4l2") != nullptr) return {};
  // FFmpeg counts the versions of libavformat and libavdevice up together.
  const std::string major = std::to_string(avformat_version() >> 16U);
  const std::string name = "libavdevice.so." + major;
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): dlsym gives void*.
  const auto register_all =
      library != nullptr ? reinterpret_cast<void (*)()>(dlsym(library, "avdevice_register_all")) : nullptr;
  if (register_all != nullptr) register_all();
  if (av_find_input_format("v4l2") != nullptr) return {};
  return Error(Code::unsupported, "cameras of this machine need " + name + ": apt install libavdevice" + major +
                                      ", or pipe the camera in with ffmpeg as docs/sources.md shows");
}

}  // namespace ocelli::media::internal
