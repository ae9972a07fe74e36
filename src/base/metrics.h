// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Figures for Prometheus: counters, gauges, histograms, and the text in which they are scraped.
/// Source: Prometheus, "Exposition formats" (text, version 0.0.4) and "Metric and label naming".

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace caisson::metrics {

using Labels = std::map<std::string, std::string>;

/// Only grows. Handles are small, may be copied, and live as long as their registry. Threads: any.
class Counter {
 public:
    explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
    void add(double amount = 1);
    /// For figures that somebody else counts: follows `total` upwards.
    void follow(double total);
    double value() const;

 private:
    prometheus::Counter* counter_;
};

class Gauge {
 public:
    explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
    void set(double value);
    double value() const;

 private:
    prometheus::Gauge* gauge_;
};

class Histogram {
 public:
    explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
    void observe(double value);

 private:
    prometheus::Histogram* histogram_;
};

/// Upper bounds in seconds, from a tenth of a millisecond to ten seconds.
const std::vector<double>& latency_bounds();

class Registry {
 public:
    Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;
    ~Registry();

    /// The figure of this name with these labels, made at the first call. Errors: internal for a
    /// name or a label that Prometheus does not allow, or a name used for another kind. Threads:
    /// any.
    Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                        const std::vector<double>& bounds = latency_bounds());

    /// All of them, as text.
    std::string text() const;

 private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Adds or refreshes what Prometheus' own clients tell of a process: processor time, memory,
/// descriptors, start time.
void sample_process(Registry& registry);
/// Bytes of memory that are resident now.
std::size_t resident_bytes();

/// The media type of text().
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace caisson::metrics
