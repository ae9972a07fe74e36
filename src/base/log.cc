// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <cmath>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"

namespace caisson::log {
namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "caisson", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

std::string json_of(const std::string& text) {
    return boost::json::serialize(boost::json::string_view(text));
}
std::string json_of(std::int64_t number) { return std::to_string(number); }
std::string json_of(bool value) { return value ? "true" : "false"; }
/// As people read it: Boost.JSON would write 15.3 as 1.53E1.
std::string json_of(double number) {
    return std::isfinite(number) ? fmt::format("{:.6g}", number) : "null";
}

void write(spdlog::level::level_enum level, std::string_view name, std::string_view event,
           Fields fields) {
    std::string line =
        fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", timestamp_now(), name, event);
    for (const auto& field : fields) {
        line += fmt::format(R"(,"{}":)", field.key);
        std::visit([&](const auto& value) { line += json_of(value); }, field.value);
    }
    line += '}';
    logger().log(level, spdlog::string_view_t(line));
}

}  // namespace

void info(std::string_view event, Fields fields) {
    write(spdlog::level::info, "info", event, fields);
}
void warning(std::string_view event, Fields fields) {
    write(spdlog::level::warn, "warning", event, fields);
}
void error(std::string_view event, Fields fields) {
    write(spdlog::level::err, "error", event, fields);
}

}  // namespace caisson::log
