#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ocelli::base {

using MetricLabels = std::map<std::string, std::string>;

/// Only grows. Thread-safe, lock-free. A default-constructed one counts nothing.
class Counter {
 public:
  Counter() = default;
  void add(double amount = 1);
  double value() const;

 private:
  friend class Metrics;
  explicit Counter(void* instrument) : instrument_(instrument) {}
  void* instrument_ = nullptr;
};

/// Goes up and down. Thread-safe, lock-free. A default-constructed one holds nothing.
class Gauge {
 public:
  Gauge() = default;
  void set(double value);

 private:
  friend class Metrics;
  explicit Gauge(void* instrument) : instrument_(instrument) {}
  void* instrument_ = nullptr;
};

/// Distribution of durations in seconds, in buckets from 0.1 ms to 10 s. Thread-safe.
class Histogram {
 public:
  Histogram() = default;
  void observe_s(double seconds);

 private:
  friend class Metrics;
  explicit Histogram(void* instrument) : instrument_(instrument) {}
  void* instrument_ = nullptr;
};

/// The registry behind /metrics: Prometheus text, names prefixed `ocelli_`, base units, counters ending in `_total`.
/// Outlives the instruments it hands out. Asking twice for the same name and labels gives the same instrument.
/// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter counter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Histogram histogram(const std::string& name, const std::string& help, const MetricLabels& labels = {});

  /// Prometheus text exposition format 0.0.4.
  std::string expose() const;

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace ocelli::base
