#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace ocelli::serve::testing {

struct ClientResponse {
  int status = 0;                             ///< 0: the connection ended, or nothing came for ten seconds
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::string body;
};

/// A client that can misbehave: it sends whatever bytes it is told to, and reads only when asked. One connection.
class HttpClient {
 public:
  /// `receive_buffer_bytes` 0: the system's default.
  explicit HttpClient(int port, int receive_buffer_bytes = 0);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// False when the server has closed the connection.
  bool send(const std::string& bytes) const;
  /// Sends a request without body.
  bool request(const std::string& target, const std::string& method = "GET", const std::string& more_fields = "") const;

  /// Sends a request with a body and its length.
  bool post(const std::string& target, const std::string& body, const std::string& more_fields = "") const;

  ClientResponse read_head();
  /// Head and a body of the stated length; none for "HEAD".
  ClientResponse read_response(const std::string& method = "GET");
  /// Everything up to and including `mark`; "" when it does not come.
  std::string read_until(const std::string& mark);
  std::string read_bytes(std::size_t count);
  /// True when the server closes the connection; swallows what comes before.
  bool wait_for_close() const;

 private:
  bool receive();

  int socket_ = -1;
  std::string received_;
};

/// One request on a connection of its own.
ClientResponse fetch(int port, const std::string& target, const std::string& method = "GET",
                     const std::string& more_fields = "");

}  // namespace ocelli::serve::testing
