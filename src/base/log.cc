// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <boost/json/value.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"

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

void write(spdlog::level::level_enum level, std::string_view name, std::string_view event,
           Fields fields) {
    boost::json::object line{{"time", timestamp_now()}, {"level", name}, {"event", event}};
    for (const auto& field : fields) {
        std::visit([&](const auto& value) { line[field.key] = value; }, field.value);
    }
    logger().log(level, spdlog::string_view_t(json_text(line)));
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
