// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <cmath>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace caisson {
namespace {

void write(const boost::json::value& value, std::string& text) {
    if (const auto* const object = value.if_object()) {
        text += '{';
        bool first = true;
        for (const auto& [key, member] : *object) {
            text += first ? "" : ",";
            first = false;
            text += boost::json::serialize(boost::json::string_view(key)) + ":";
            write(member, text);
        }
        text += '}';
    } else if (const auto* const array = value.if_array()) {
        text += '[';
        bool first = true;
        for (const auto& member : *array) {
            text += first ? "" : ",";
            first = false;
            write(member, text);
        }
        text += ']';
    } else if (const auto* const number = value.if_double()) {
        text += !std::isfinite(*number)    ? "null"
                : std::abs(*number) >= 1e6 ? fmt::format("{:.0f}", *number)
                                           : fmt::format("{:.6g}", *number);
    } else {
        text += boost::json::serialize(value);
    }
}

}  // namespace

std::string json_text(const boost::json::value& value) {
    std::string text;
    write(value, text);
    return text;
}

}  // namespace caisson
