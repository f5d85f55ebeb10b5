#include "infer/model_download.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>

#include <curl/curl.h>
#include <fmt/format.h>

#include "infer/model_file.h"

namespace ocelli::infer {

using base::Code;
using base::Error;

namespace {

constexpr long kConnectTimeoutS = 15;
constexpr long kStallTimeoutS = 30;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct Transfer {
  std::FILE* file = nullptr;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  const std::function<void(std::uint64_t)>* progress = nullptr;
  std::stop_token stop;
  int write_error = 0;
  bool too_long = false;
};

std::size_t write_bytes(char* data, std::size_t /*always_one*/, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.too_long = transfer.done_bytes + count > transfer.total_bytes;
  if (transfer.too_long) return 0;
  if (std::fwrite(data, 1, count, transfer.file) != count) {
    transfer.write_error = errno;
    return 0;
  }
  transfer.done_bytes += count;
  (*transfer.progress)(transfer.done_bytes);
  return count;
}

// Called about once a second even while nothing comes, so a stop is noticed on a dead connection too.
int on_tick(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

void configure(CURL* curl, const std::string& url, Transfer& transfer, char* reason) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallTimeoutS);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "ocelli");
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(transfer.done_bytes));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

Error transfer_error(const std::string& url, const std::string& path, const Transfer& transfer, CURLcode code,
                     const char* reason) {
  if (transfer.stop.stop_requested()) return Error(Code::cancelled, "stopped");
  if (transfer.write_error != 0) return file_error("write", path, transfer.write_error);
  if (transfer.too_long) {
    return Error(Code::corrupt,
                 fmt::format("{} is larger than the {} bytes of the model card", url, transfer.total_bytes));
  }
  return Error(Code::unavailable, fmt::format("{}: {}", url, *reason != '\0' ? reason : curl_easy_strerror(code)));
}

// What is worth continuing: less than all of it.
std::uint64_t bytes_to_keep(const std::string& path, std::uint64_t total_bytes) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error || bytes > total_bytes ? 0 : bytes;
}

CURLcode perform(const std::string& url, Transfer& transfer, char* reason) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const Curl curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return CURLE_OUT_OF_MEMORY;
  configure(curl.get(), url, transfer, reason);
  return curl_easy_perform(curl.get());
}

}  // namespace

base::Status download(const std::string& url, const std::string& path, std::uint64_t total_bytes,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  Transfer transfer{nullptr, bytes_to_keep(path, total_bytes), total_bytes, &progress, stop};
  if (transfer.done_bytes == total_bytes) return {};
  File file(std::fopen(path.c_str(), transfer.done_bytes > 0 ? "abe" : "wbe"));
  if (!file) return file_error("write", path, errno);
  transfer.file = file.get();

  std::array<char, CURL_ERROR_SIZE> reason{};
  CURLcode code = perform(url, transfer, reason.data());
  if (code == CURLE_RANGE_ERROR && transfer.done_bytes > 0) {  // a server that cannot continue: from the beginning
    file.reset(std::fopen(path.c_str(), "wbe"));
    if (!file) return file_error("write", path, errno);
    transfer.file = file.get();
    transfer.done_bytes = 0;
    code = perform(url, transfer, reason.data());
  }
  if (std::fclose(file.release()) != 0 && transfer.write_error == 0) transfer.write_error = errno;
  if (code == CURLE_OK && transfer.write_error == 0) return {};
  if (transfer.done_bytes == 0) std::remove(path.c_str());
  return transfer_error(url, path, transfer, code, reason.data());
}

}  // namespace ocelli::infer
