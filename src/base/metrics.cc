#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/check.h"

namespace ocelli::base {
namespace {

const prometheus::Histogram::BucketBoundaries kSecondsBuckets{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

}  // namespace

struct Metrics::Registry {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

void Counter::add(double amount) {
  if (instrument_ != nullptr) static_cast<prometheus::Counter*>(instrument_)->Increment(amount);
}

double Counter::value() const {
  return instrument_ == nullptr ? 0 : static_cast<prometheus::Counter*>(instrument_)->Value();
}

void Gauge::set(double value) {
  if (instrument_ != nullptr) static_cast<prometheus::Gauge*>(instrument_)->Set(value);
}

void Histogram::observe_s(double seconds) {
  if (instrument_ != nullptr) static_cast<prometheus::Histogram*>(instrument_)->Observe(seconds);
}

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  OC_CHECK(name.starts_with("ocelli_") && name.ends_with("_total"));
  return Counter(&prometheus::BuildCounter().Name(name).Help(help).Register(registry_->registry).Add(labels));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  OC_CHECK(name.starts_with("ocelli_"));
  return Gauge(&prometheus::BuildGauge().Name(name).Help(help).Register(registry_->registry).Add(labels));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help, const MetricLabels& labels) {
  OC_CHECK(name.starts_with("ocelli_") && name.ends_with("_seconds"));
  auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry_->registry);
  return Histogram(&family.Add(labels, kSecondsBuckets));
}

std::string Metrics::expose() const {
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

}  // namespace ocelli::base
