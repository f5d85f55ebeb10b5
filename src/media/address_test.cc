#include "media/address.h"

#include <string>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace ocelli::media {
namespace {

TEST(AddressKind, GoesByTheScheme) {
  EXPECT_EQ(address_kind("rtsp://cam/a"), AddressKind::rtsp);
  EXPECT_EQ(address_kind("RTSPS://cam/a"), AddressKind::rtsp);
  EXPECT_EQ(address_kind("https://cam/a"), AddressKind::http);
  EXPECT_EQ(address_kind("rtmp://cam/a"), AddressKind::unknown);
  EXPECT_EQ(address_kind("-"), AddressKind::path);
  EXPECT_EQ(address_kind("./odd://name.mp4"), AddressKind::path);
  EXPECT_EQ(address_kind("a:b.mp4"), AddressKind::path);
  EXPECT_EQ(address_kind("/dev/video0"), AddressKind::camera);
  EXPECT_EQ(address_kind("/dev/v4l/by-id/usb-046d-video-index0"), AddressKind::camera);
  EXPECT_EQ(address_kind("/dev/stdin"), AddressKind::path);
}

TEST(RedactUrl, HidesUserAndPassword) {
  EXPECT_EQ(redact_url("rtsp://me:p@ss@cam:554/a?b=c"), "rtsp://***@cam:554/a?***");
  EXPECT_EQ(redact_url("rtsp://me:pa/s?s@cam:554/a"), "rtsp://***");
  EXPECT_EQ(redact_url("rtsp://me:pa/ss@cam:554/a"), "rtsp://***@cam:554/a");
  EXPECT_EQ(redact_url("http://cam/a?mail=me@home&password=secret"), "http://***");
  EXPECT_EQ(redact_url("http://cam/stream?user=me&password=secret"), "http://cam/stream?***");
  EXPECT_EQ(redact_url("rtsp://cam/a"), "rtsp://cam/a");
  EXPECT_EQ(redact_url("/home/me/a@b.mp4"), "/home/me/a@b.mp4");
}

/// Any password at all, between marks that the rest of the address does not hold.
std::string secret_of(const std::string& password) {
  return "\x01" + password + "\x02";
}

RC_GTEST_PROP(RedactUrl, ShowsNoPartOfAnyPassword, (std::string user, std::string password, bool in_query)) {
  const std::string secret = secret_of(password);
  const std::string url = in_query ? "http://cam/a?user=" + user + "&password=" + secret
                                   : "rtsp://" + user + ":" + secret + "@cam:554/a?token=" + secret;
  const std::string shown = redact_url(url);
  RC_ASSERT(shown.find('\x01') == std::string::npos);
  RC_ASSERT(shown.find('\x02') == std::string::npos);
  RC_ASSERT(shown.starts_with(in_query ? "http://" : "rtsp://"));
}

}  // namespace
}  // namespace ocelli::media
