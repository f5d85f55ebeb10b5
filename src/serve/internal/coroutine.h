#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ocelli::serve::internal {

/// How the coroutines of the I/O thread wait: they get the error as a value.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

/// A condition that coroutines of the I/O thread wait for. They may wake without cause and look for themselves.
class Signal {
 public:
  explicit Signal(boost::asio::io_context& context) : timer_(context, boost::asio::steady_timer::time_point::max()) {}

  boost::asio::awaitable<void> wait() { co_await timer_.async_wait(kAwait); }
  /// Wakes all that wait now.
  void notify() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace ocelli::serve::internal
