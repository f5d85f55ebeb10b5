// Plays V4L2 cameras to the program that it is preloaded into (LD_PRELOAD), so that FFmpeg's own V4L2 code runs where
// there is no camera. It answers what a driver answers, as the kernel's documentation of V4L2 says; what real drivers
// do beyond that it does not know. A device is a memory file: FFmpeg maps that itself.
//
//   /dev/video900  motion JPEG and YUYV                  /dev/video905  belongs to somebody else
//   /dev/video901  YUYV only                             /dev/video906  is busy
//   /dev/video902  falls silent after 5 pictures         /dev/video907  a second node, without pictures
//   /dev/video903  is unplugged after 5 pictures         /dev/video908  is no V4L2 device
//   /dev/video904  every second picture arrives damaged  /dev/video909  its driver fails
//
// All pictures are grey, the left half darker than the right one. With FAKE_CAMERA_WITHOUT_LIBRARY in the environment
// it is as if libavdevice were not installed.

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <map>
#include <mutex>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include <turbojpeg.h>

namespace {

constexpr std::string_view kPrefix = "/dev/video90";
constexpr std::uint32_t kWidth = 320;
constexpr std::uint32_t kHeight = 240;
constexpr std::uint32_t kRawBytes = kWidth * kHeight * 2;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kSlot = (kRawBytes + kPage - 1) / kPage * kPage;
constexpr std::uint32_t kMostBuffers = 8;  // fewer than FFmpeg asks for, as drivers have
constexpr int kPicturesBeforeTheEnd = 5;
constexpr std::uint8_t kDark = 64;
constexpr std::uint8_t kBright = 192;
constexpr std::uint8_t kNoColour = 128;

enum class Kind { both, raw_only, silent, unplugged, damaged, foreign, busy, second_node, no_device, failing };

std::int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}

std::vector<std::uint8_t> raw_picture() {
  std::vector<std::uint8_t> picture(kRawBytes);
  for (std::size_t i = 0; i < picture.size(); i += 2) {
    picture[i] = (i / 2) % kWidth < kWidth / 2 ? kDark : kBright;
    picture[i + 1] = kNoColour;
  }
  return picture;
}

/// As USB cameras send it: 4:2:2, full range.
std::vector<std::uint8_t> jpeg_picture() {
  std::vector<std::uint8_t> colours(kWidth * kHeight * 3);
  for (std::size_t i = 0; i < colours.size(); ++i) colours[i] = (i / 3) % kWidth < kWidth / 2 ? kDark : kBright;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  constexpr int kQuality = 95;
  tjhandle encoder = tjInitCompress();
  tjCompress2(encoder, colours.data(), kWidth, 0, kHeight, TJPF_RGB, &bytes, &size, TJSAMP_422, kQuality, 0);
  std::vector<std::uint8_t> picture(bytes, bytes + size);
  tjFree(bytes);
  tjDestroy(encoder);
  return picture;
}

/// One opened device.
class Camera {
 public:
  Camera(Kind kind, int file, bool waits) : kind_(kind), file_(file), waits_(waits) {}

  /// 0 or the number of an error.
  int answer(unsigned long request, void* argument) {
    switch (request) {
      case VIDIOC_QUERYCAP:
        return tell_abilities(*static_cast<v4l2_capability*>(argument));
      case VIDIOC_ENUM_FMT:
        return tell_format(*static_cast<v4l2_fmtdesc*>(argument));
      case VIDIOC_G_FMT:
        return get_format(*static_cast<v4l2_format*>(argument));
      case VIDIOC_S_FMT:
        return set_format(*static_cast<v4l2_format*>(argument));
      case VIDIOC_G_PARM:
      case VIDIOC_S_PARM:
        return rate(request == VIDIOC_S_PARM, *static_cast<v4l2_streamparm*>(argument));
      case VIDIOC_G_INPUT:
        *static_cast<int*>(argument) = 0;
        return 0;
      case VIDIOC_ENUMINPUT:
        return tell_input(*static_cast<v4l2_input*>(argument));
      case VIDIOC_REQBUFS:
        return request_buffers(*static_cast<v4l2_requestbuffers*>(argument));
      case VIDIOC_QUERYBUF:
      case VIDIOC_QBUF:
      case VIDIOC_DQBUF:
        return buffer(request, *static_cast<v4l2_buffer*>(argument));
      case VIDIOC_STREAMON:
      case VIDIOC_STREAMOFF:
        return stream(request == VIDIOC_STREAMON);
      default:
        return ENOTTY;
    }
  }

 private:
  bool gives_jpeg() const { return kind_ != Kind::raw_only; }

  int tell_abilities(v4l2_capability& self) const {
    if (kind_ == Kind::no_device) return ENOTTY;
    if (kind_ == Kind::failing) return EPROTO;
    self = {};
    std::strcpy(reinterpret_cast<char*>(self.driver), "fake");
    std::strcpy(reinterpret_cast<char*>(self.card), "Camera that is played");
    self.capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
    self.device_caps = V4L2_CAP_STREAMING;
    self.device_caps |= kind_ == Kind::second_node ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE;
    return 0;
  }

  int tell_format(v4l2_fmtdesc& format) const {
    if (format.type != V4L2_BUF_TYPE_VIDEO_CAPTURE || format.index > (gives_jpeg() ? 1U : 0U)) return EINVAL;
    format.pixelformat = format.index == 0 ? V4L2_PIX_FMT_YUYV : V4L2_PIX_FMT_MJPEG;
    return 0;
  }

  int get_format(v4l2_format& format) const {
    if (format.type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return EINVAL;
    format.fmt.pix = {};
    format.fmt.pix.width = kWidth;
    format.fmt.pix.height = kHeight;
    format.fmt.pix.pixelformat = pixels_;
    format.fmt.pix.field = V4L2_FIELD_NONE;
    format.fmt.pix.bytesperline = pixels_ == V4L2_PIX_FMT_YUYV ? kWidth * 2 : 0;
    format.fmt.pix.sizeimage = kRawBytes;
    return 0;
  }

  /// As drivers do, it puts what it can do in the place of what it cannot.
  int set_format(v4l2_format& format) {
    if (kind_ == Kind::busy) return EBUSY;
    const std::uint32_t wanted = format.fmt.pix.pixelformat;
    pixels_ = wanted == V4L2_PIX_FMT_MJPEG && gives_jpeg() ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_YUYV;
    return get_format(format);
  }

  int rate(bool set, v4l2_streamparm& parameters) {
    v4l2_fract& interval = parameters.parm.capture.timeperframe;
    if (set && interval.numerator > 0 && interval.denominator > 0) {
      interval_us_ = std::int64_t{1'000'000} * interval.numerator / interval.denominator;
    }
    parameters.parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    interval = {static_cast<std::uint32_t>(interval_us_), 1'000'000};
    return 0;
  }

  static int tell_input(v4l2_input& input) {
    if (input.index != 0) return EINVAL;
    input.type = V4L2_INPUT_TYPE_CAMERA;
    input.std = 0;
    return 0;
  }

  int request_buffers(v4l2_requestbuffers& request) {
    if (request.memory != V4L2_MEMORY_MMAP) return EINVAL;
    request.count = std::min(request.count, kMostBuffers);
    buffers_ = request.count;
    return ftruncate(file_, static_cast<off_t>(buffers_ * kSlot)) == 0 ? 0 : errno;
  }

  int buffer(unsigned long request, v4l2_buffer& buffer) {
    if (request == VIDIOC_DQBUF) return take(buffer);
    if (buffer.index >= buffers_) return EINVAL;
    if (request == VIDIOC_QBUF) {
      queued_.push_back(buffer.index);
      return 0;
    }
    buffer.length = kSlot;
    buffer.m.offset = static_cast<std::uint32_t>(buffer.index * kSlot);
    return 0;
  }

  int stream(bool on) {
    queued_.resize(on ? queued_.size() : 0);
    due_us_ = now_us();
    return 0;
  }

  int take(v4l2_buffer& buffer) {
    if (kind_ == Kind::unplugged && pictures_ >= kPicturesBeforeTheEnd) return ENODEV;
    const bool silent = kind_ == Kind::silent && pictures_ >= kPicturesBeforeTheEnd;
    while (silent || queued_.empty() || now_us() < due_us_ + interval_us_) {
      if (!waits_) return EAGAIN;
      usleep(1'000);
    }
    due_us_ += interval_us_;
    const std::vector<std::uint8_t> picture = pixels_ == V4L2_PIX_FMT_MJPEG ? jpeg_picture() : raw_picture();
    buffer.index = queued_.front();
    queued_.pop_front();
    if (pwrite(file_, picture.data(), picture.size(), static_cast<off_t>(buffer.index * kSlot)) < 0) return errno;
    buffer.bytesused = static_cast<std::uint32_t>(picture.size());
    buffer.flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    if (kind_ == Kind::damaged && pictures_ % 2 == 1) buffer.flags |= V4L2_BUF_FLAG_ERROR;
    buffer.timestamp = {due_us_ / 1'000'000, due_us_ % 1'000'000};
    buffer.length = kSlot;
    buffer.m.offset = static_cast<std::uint32_t>(buffer.index * kSlot);
    ++pictures_;
    return 0;
  }

  const Kind kind_;
  const int file_;
  const bool waits_;
  std::uint32_t pixels_ = V4L2_PIX_FMT_YUYV;
  std::int64_t interval_us_ = 33'333;
  std::uint32_t buffers_ = 0;
  std::deque<std::uint32_t> queued_;
  std::int64_t due_us_ = 0;
  int pictures_ = 0;
};

struct Cameras {
  std::mutex mutex;
  std::map<int, Camera> opened;  // by descriptor
};

/// Never destroyed: the program may close files after everything else.
Cameras& cameras() {
  static auto* all = new Cameras;
  return *all;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_played(const char* path) {
  const std::string_view name = path;
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + 1 && name.back() >= '0' && name.back() <= '9';
}

int open_camera(const char* path, int flags) {
  const auto kind = static_cast<Kind>(path[kPrefix.size()] - '0');
  if (kind == Kind::foreign) {
    errno = EACCES;
    return -1;
  }
  const int file = memfd_create("camera", MFD_CLOEXEC);
  if (file < 0) return file;
  const std::lock_guard lock(cameras().mutex);
  cameras().opened.erase(file);
  cameras().opened.try_emplace(file, kind, file, (flags & O_NONBLOCK) == 0);
  return file;
}

}  // namespace

extern "C" {

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg,cert-dcl50-cpp): these are the C library's own.
int open(const char* path, int flags, ...) {
  if (is_played(path)) return open_camera(path, flags);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return next<int(const char*, int, ...)>("open")(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  if (is_played(path)) return open_camera(path, flags);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return next<int(const char*, int, ...)>("open64")(path, flags, mode);
}

int ioctl(int file, unsigned long request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  {
    const std::lock_guard lock(cameras().mutex);
    const auto camera = cameras().opened.find(file);
    if (camera != cameras().opened.end()) {
      // FFmpeg passes its requests as int, which extends their sign.
      const int error = camera->second.answer(static_cast<std::uint32_t>(request), argument);
      if (error == 0) return 0;
      errno = error;
      return -1;
    }
  }
  return next<int(int, unsigned long, ...)>("ioctl")(file, request, argument);
}
// NOLINTEND(cppcoreguidelines-pro-type-vararg,cert-dcl50-cpp)

void* dlopen(const char* name, int flags) noexcept {
  const bool hidden = name != nullptr && std::string_view(name).starts_with("libavdevice.so") &&
                      std::getenv("FAKE_CAMERA_WITHOUT_LIBRARY") != nullptr;
  return hidden ? nullptr : next<void*(const char*, int)>("dlopen")(name, flags);
}

int close(int file) {
  {
    const std::lock_guard lock(cameras().mutex);
    cameras().opened.erase(file);
  }
  return next<int(int)>("close")(file);
}

}  // extern "C"
