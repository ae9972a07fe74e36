// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/setting_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::checks {
namespace {

/// A unit in bytes or microseconds. Case matters: PostgreSQL takes kB, not KB.
struct Unit {
    std::string_view name;
    bool is_time;
    double size;
};
constexpr double kilo = 1024;
constexpr std::array units = {
    Unit{"B", false, 1},
    Unit{"kB", false, kilo},
    Unit{"MB", false, kilo* kilo},
    Unit{"GB", false, kilo* kilo* kilo},
    Unit{"TB", false, kilo* kilo* kilo* kilo},
    Unit{"us", true, 1},
    Unit{"ms", true, 1e3},
    Unit{"s", true, 1e6},
    Unit{"min", true, 60e6},
    Unit{"h", true, 3600e6},
    Unit{"d", true, 86400e6},
};

std::optional<Unit> find_unit(std::string_view name) {
    for (const auto& unit : units) {
        if (unit.name == name) {
            return unit;
        }
    }
    return std::nullopt;
}

struct Number {
    double value = 0;
    std::string_view unit;
};

/// A number, also hexadecimal or octal as C writes them, and what stands behind it.
std::optional<Number> parse_number(std::string_view text) {
    text = trim(text);
    const bool negative = !text.empty() && text[0] == '-';
    if (negative || (!text.empty() && text[0] == '+')) {
        text.remove_prefix(1);
    }
    Number number;
    const char* end = text.data();
    const char* const limit = text.data() + text.size();
    if (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") {
        std::uint64_t whole = 0;
        const auto read = std::from_chars(text.data() + 2, limit, whole, 16);
        if (read.ec != std::errc()) {
            return std::nullopt;
        }
        number.value = static_cast<double>(whole);
        end = read.ptr;
    } else {
        const auto read = std::from_chars(text.data(), limit, number.value);
        if (read.ec != std::errc() || !std::isfinite(number.value)) {
            return std::nullopt;
        }
        end = read.ptr;
    }
    number.value = negative ? -number.value : number.value;
    number.unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    return number;
}

/// pg_settings' unit: `8kB` is eight of `kB`.
std::optional<Unit> base_unit(std::string_view text) {
    const auto number = parse_number(text);
    auto unit = find_unit(number ? number->unit : text);
    if (unit && number) {
        unit->size *= number->value;
    }
    return unit;
}

std::optional<double> in_base_units(std::string_view written, const ServerSetting& setting) {
    const auto number = parse_number(written);
    if (!number) {
        return std::nullopt;
    }
    auto value = number->value;
    if (!number->unit.empty()) {
        const auto unit = find_unit(number->unit);
        const auto base = base_unit(setting.unit);
        if (!unit || !base || unit->is_time != base->is_time) {
            return std::nullopt;
        }
        value = value * unit->size / base->size;
    }
    return setting.kind == "integer" ? std::nearbyint(value) : value;
}

std::optional<bool> boolean(std::string_view text) {
    const auto word = lower(trim(text));
    for (const std::string_view yes : {"on", "true", "yes", "1", "t", "y"}) {
        if (word == yes) {
            return true;
        }
    }
    for (const std::string_view no : {"off", "false", "no", "0", "f", "n"}) {
        if (word == no) {
            return false;
        }
    }
    return std::nullopt;
}

/// Lists (`a, b`) are the same with and without blanks and quotes around their parts.
std::string without_blanks(std::string_view text) {
    std::string plain;
    for (const auto& part : split(text, ',')) {
        auto word = trim(part);
        if (word.size() >= 2 && (word.front() == '"' || word.front() == '\'') &&
            word.back() == word.front()) {
            word = word.substr(1, word.size() - 2);
        }
        plain += (plain.empty() ? "" : ",") + std::string(word);
    }
    return plain;
}

}  // namespace

bool has_value(const ServerSetting& setting, std::string_view written) {
    if (setting.kind == "bool") {
        const auto expected = boolean(written);
        return expected && expected == boolean(setting.value);
    }
    if (setting.kind == "integer" || setting.kind == "real") {
        const auto expected = in_base_units(written, setting);
        const auto found = in_base_units(setting.value, setting);
        return expected && found &&
               std::abs(*expected - *found) <= 1e-6 * std::max(1.0, std::abs(*found));
    }
    if (setting.kind == "enum") {
        // Many of them take on and off as well, and show them so.
        const auto expected = boolean(written);
        return lower(trim(written)) == lower(setting.value) ||
               (expected && expected == boolean(setting.value));
    }
    return without_blanks(written) == without_blanks(setting.value);
}

std::string shown(const ServerSetting& setting) {
    const auto base = base_unit(setting.unit);
    const auto number = parse_number(setting.value);
    if (!base || !number || number->value <= 0) {
        return setting.value;
    }
    const auto size = number->value * base->size;
    auto best = fmt::format("{}{}", size, base->is_time ? "us" : "B");
    for (const auto& unit : units) {
        if (unit.is_time == base->is_time && std::fmod(size, unit.size) == 0) {
            best = fmt::format("{}{}", size / unit.size, unit.name);
        }
    }
    return best;
}

}  // namespace caisson::checks
