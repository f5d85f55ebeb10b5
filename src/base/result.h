#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace ocelli::base {

/// The closed list of reasons for which anything in ocelli fails. What differs between failures is the message.
enum class Code {
  invalid,        ///< The caller or the user asked for something that makes no sense.
  not_found,      ///< The named thing does not exist.
  end_of_stream,  ///< Flow, not a failure: nothing more will come. Never logged.
  need_input,     ///< Flow, not a failure: feed more before asking again. Never logged.
  corrupt,        ///< The bytes are there but do not mean what they should.
  unsupported,    ///< Meaningful, but not something this build or machine can do.
  unavailable,    ///< A peer, device or file system does not answer or refuses.
  timeout,        ///< No answer within the stated time.
  exhausted,      ///< A bound (memory, disk, pool, queue) is reached.
  cancelled,      ///< Somebody asked for it to stop.
  internal,       ///< A defect of ocelli or of a library that it uses.
};

/// Lower-case name as users see it in logs and JSON, e.g. "not_found".
std::string_view code_name(Code code);

/// Why something failed: a code to act on, one line for a person, and the place in the source for a developer.
class Error {
 public:
  Error(Code code, std::string message, std::source_location where = std::source_location::current())
      : code_(code), message_(std::move(message)), where_(where) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::source_location& where() const { return where_; }

  /// The same error seen from one level up: "camera gate: " + message.
  Error with_context(std::string_view noun) && {
    message_.insert(0, std::string(noun) + ": ");
    return std::move(*this);
  }

 private:
  Code code_;
  std::string message_;
  std::source_location where_;
};

/// A value, or the Error that kept it from existing. The interface is that of C++23's std::expected.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  // NOLINTNEXTLINE(google-explicit-constructor): `return Error(...)` is how every function here fails.
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

/// Success, or an Error.
using Status = Result<void>;

}  // namespace ocelli::base

#define OC_CONCAT_INNER(a, b) a##b
#define OC_CONCAT(a, b) OC_CONCAT_INNER(a, b)

/// OC_TRY(auto file, open(path)): declares `file`, or returns the error of `open` from the enclosing function.
#define OC_TRY(declaration, expression) OC_TRY_INNER(OC_CONCAT(oc_result_, __LINE__), declaration, expression)
#define OC_TRY_INNER(result, declaration, expression) \
  auto result = (expression);                         \
  if (!result) return std::move(result).error();      \
  declaration = std::move(*result)

/// OC_TRY_STATUS(write(bytes)): returns the error of `write` from the enclosing function, if it has one.
#define OC_TRY_STATUS(expression)                    \
  do {                                               \
    if (auto oc_status = (expression); !oc_status) { \
      return std::move(oc_status).error();           \
    }                                                \
  } while (false)
