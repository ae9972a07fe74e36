// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace caisson::metrics {
namespace {

/// The fields of /proc/self/stat after the program's name; the first one is field 3 of proc(5).
std::vector<std::string> process_fields() {
    std::ifstream file("/proc/self/stat");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    const auto end = line.rfind(')');
    return end == std::string::npos ? std::vector<std::string>()
                                    : split(std::string_view(line).substr(end + 2), ' ');
}

double boot_time() {
    std::ifstream file("/proc/stat");
    std::string word;
    double seconds = 0;
    while (file >> word) {
        if (word == "btime") {
            file >> seconds;
            break;
        }
    }
    return seconds;
}

std::size_t open_descriptors() {
    std::error_code ignored;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", ignored), end;
         !ignored && at != end; at.increment(ignored)) {
        ++count;
    }
    return count;
}

}  // namespace

void Counter::add(double amount) { counter_->Increment(amount); }
void Counter::follow(double total) {
    if (total > counter_->Value()) {
        counter_->Increment(total - counter_->Value());
    }
}
double Counter::value() const { return counter_->Value(); }
void Gauge::set(double value) { gauge_->Set(value); }
double Gauge::value() const { return gauge_->Value(); }
void Histogram::observe(double value) { histogram_->Observe(value); }

const std::vector<double>& latency_bounds() {
    static const std::vector<double> bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                               0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                               1,      2.5,     5,      10};
    return bounds;
}

struct Registry::State {
    prometheus::Registry registry;

    /// A family is found again by its name and help.
    template <typename Builder>
    auto& family(Builder builder, const std::string& name, const std::string& help) {
        try {
            return builder.Name(name).Help(help).Register(registry);
        } catch (const std::invalid_argument& failure) {
            throw Error(Code::internal, "metric \"" + name + "\": " + failure.what());
        }
    }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return Counter(state_->family(prometheus::BuildCounter(), name, help).Add(labels));
}

Gauge Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return Gauge(state_->family(prometheus::BuildGauge(), name, help).Add(labels));
}

Histogram Registry::histogram(const std::string& name, const std::string& help,
                              const Labels& labels, const std::vector<double>& bounds) {
    return Histogram(state_->family(prometheus::BuildHistogram(), name, help).Add(labels, bounds));
}

std::string Registry::text() const {
    return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

std::size_t resident_bytes() {
    const auto fields = process_fields();
    return fields.size() > 21 ? std::stoull(fields[21]) * static_cast<std::size_t>(::getpagesize())
                              : 0;
}

void sample_process(Registry& registry) {
    const auto fields = process_fields();
    if (fields.size() <= 21) {
        return;
    }
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    registry.counter("process_cpu_seconds_total", "User and system processor time")
        .follow((std::stod(fields[11]) + std::stod(fields[12])) / ticks);
    registry.gauge("process_start_time_seconds", "When the process started, in Unix time")
        .set(boot_time() + std::stod(fields[19]) / ticks);
    registry.gauge("process_virtual_memory_bytes", "Virtual memory").set(std::stod(fields[20]));
    registry.gauge("process_resident_memory_bytes", "Resident memory")
        .set(static_cast<double>(resident_bytes()));
    registry.gauge("process_threads", "Threads").set(std::stod(fields[17]));
    registry.gauge("process_open_fds", "Open file descriptors")
        .set(static_cast<double>(open_descriptors()));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        registry.gauge("process_max_fds", "The most file descriptors that may be open")
            .set(static_cast<double>(limit.rlim_cur));
    }
}

}  // namespace caisson::metrics
