// SPDX-License-Identifier: Apache-2.0
#include "platform/monitor.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/resolver.h"
#include "platform/values.h"

namespace caisson::platform {
namespace {

using std::chrono::milliseconds;

class Reader {
 public:
    Reader(const Manifest& manifest, const Environment& environment, const Variables& variables)
        : manifest_(manifest), variables_(variables), resolver_(manifest, environment, variables) {}

    void time(const char* name, const std::string& written, const char* usual,
              milliseconds shortest, milliseconds longest, milliseconds& value) {
        const auto text = text_of(written, usual);
        if (text.empty()) {
            return;
        }
        const auto given = parse_duration(text);
        if (!given || *given < shortest || *given > longest) {
            refuse(name, text,
                   fmt::format("a duration from {} to {}", in_words(shortest), in_words(longest)));
        } else {
            value = *given;
        }
    }
    void count(const char* name, const std::string& written, const char* usual, std::int64_t most,
               std::size_t& value) {
        const auto text = text_of(written, usual);
        if (text.empty()) {
            return;
        }
        const auto given = parse_integer(text);
        if (!given || *given < 1 || *given > most) {
            refuse(name, text, fmt::format("an integer from 1 to {}", most));
        } else {
            value = static_cast<std::size_t>(*given);
        }
    }
    void bytes(const char* name, const std::string& written, std::uint64_t least,
               std::uint64_t& value) {
        const auto text = text_of(written, "");
        if (text.empty()) {
            return;
        }
        const auto given = parse_bytes(text);
        if (!given || *given < least) {
            refuse(name, text, "a size of at least 4MB");
        } else {
            value = *given;
        }
    }
    void refuse(const char* name, const std::string& text, const std::string& expected) {
        resolver_.note(fmt::format("monitor.{} is \"{}\"; expected {}", name, text, expected));
    }
    void finish(const Place& place) const { resolver_.finish(place); }

 private:
    /// What is written, else the value of the variable that people know it by.
    std::string text_of(const std::string& written, const std::string& usual) {
        if (!written.empty()) {
            return resolver_.text(written);
        }
        for (const auto& variable : manifest_.variables) {
            if (!usual.empty() && variable.name == usual) {
                const auto value = value_of(manifest_, usual, variables_);
                return value ? value->reveal() : std::string();
            }
        }
        return {};
    }
    static std::string in_words(milliseconds time) {
        if (time.count() % 86'400'000 == 0) {
            return fmt::format("{}d", time.count() / 86'400'000);
        }
        return time.count() % 1000 == 0 ? fmt::format("{}s", time.count() / 1000)
                                        : fmt::format("{}ms", time.count());
    }

    const Manifest& manifest_;
    const Variables& variables_;
    Resolver resolver_;
};

}  // namespace

MonitorSettings monitor_settings(const Manifest& manifest, const Environment& environment,
                                 const Variables& variables) {
    using std::chrono::hours;
    using std::chrono::seconds;
    const auto& written = manifest.monitor;
    Reader read(manifest, environment, variables);
    MonitorSettings settings;
    settings.collect = written.collect;
    read.time("interval", written.interval, "MONITORING_INTERVAL", seconds(1), hours(1),
              settings.interval);
    read.time("expensive", written.expensive, "", seconds(1), hours(24), settings.expensive);
    read.time("timeout", written.timeout, "", milliseconds(50), seconds(60), settings.timeout);
    read.time("slow_query", written.slow_query, "SLOW_QUERY_THRESHOLD", milliseconds(1), hours(24),
              settings.slow_query);
    read.count("stored", written.stored, "MAX_METRICS_STORED", 1'000'000, settings.stored);
    read.time("minutes", written.minutes, "", hours(1), hours(24 * 366), settings.minutes);
    read.time("hours", written.hours, "", hours(24), hours(24 * 3660), settings.hours);
    read.bytes("history_size", written.history_size, 4ULL * 1024 * 1024, settings.history_bytes);
    read.count("tables", written.tables, "", 10'000, settings.tables);
    read.count("indexes", written.indexes, "", 10'000, settings.indexes);
    read.count("queries", written.queries, "", 5'000, settings.queries);
    read.finish(written.place);
    settings.expensive = std::max(settings.expensive, settings.interval);
    return settings;
}

}  // namespace caisson::platform
