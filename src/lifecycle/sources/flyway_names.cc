// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/flyway_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lifecycle/sources/loading.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources::flyway {
namespace {

constexpr std::array<std::string_view, 6> callback_starts = {"before",     "after",     "create",
                                                             "beforeEach", "afterEach", "sql"};
constexpr std::array<std::string_view, 13> callback_events = {
    "Migrate", "MigrateApplied", "MigrateError", "Validate", "Clean",     "Baseline",   "Repair",
    "Undo",    "Info",           "Connect",      "Schema",   "Versioned", "Repeatables"};

bool is_callback(std::string_view word) {
    return std::any_of(callback_starts.begin(), callback_starts.end(), [&](const auto start) {
        if (!word.starts_with(start)) {
            return false;
        }
        const auto rest = word.substr(start.size());
        return std::any_of(callback_events.begin(), callback_events.end(),
                           [&](const auto event) { return rest.starts_with(event); });
    });
}

/// Digits, with single dots or underscores between them.
bool is_version(std::string_view text) {
    bool after_digit = false;
    for (const char c : text) {
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && ((c != '.' && c != '_') || !after_digit)) {
            return false;
        }
        after_digit = is_digit;
    }
    return after_digit;
}

std::string unquoted(std::string_view text) {
    text = trim(text);
    if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front()) {
        text = text.substr(1, text.size() - 2);
    }
    return std::string(text);
}

/// `a, b` as well as `["a", "b"]`.
std::vector<std::string> list_of(std::string_view text) {
    text = trim(text);
    if (text.starts_with('[') && text.ends_with(']')) {
        text = text.substr(1, text.size() - 2);
    }
    std::vector<std::string> values;
    for (const auto& part : split(text, ',')) {
        if (auto value = unquoted(part); !value.empty()) {
            values.push_back(std::move(value));
        }
    }
    return values;
}

void take(Settings& settings, const std::string& key, std::string_view raw) {
    constexpr std::string_view placeholder = "placeholders.";
    const auto value = unquoted(raw);
    const std::map<std::string, std::string*> texts = {
        {"sqlmigrationprefix", &settings.versioned},
        {"repeatablesqlmigrationprefix", &settings.repeatable},
        {"undosqlmigrationprefix", &settings.undo},
        {"baselinemigrationprefix", &settings.baseline},
        {"sqlmigrationseparator", &settings.separator},
        {"placeholderprefix", &settings.placeholder_prefix},
        {"placeholdersuffix", &settings.placeholder_suffix},
        {"table", &settings.table},
        {"defaultschema", &settings.default_schema}};
    const auto word = lower(key);
    if (const auto text = texts.find(word); text != texts.end() && !value.empty()) {
        *text->second = value;
    } else if (word == "sqlmigrationsuffixes" && !list_of(raw).empty()) {
        settings.suffixes = list_of(raw);
    } else if (word == "placeholderreplacement") {
        settings.replaces_placeholders = lower(value) != "false";
    } else if (word == "schemas" && settings.default_schema.empty() && !list_of(raw).empty()) {
        settings.default_schema = list_of(raw).front();
    } else if (word == "locations") {
        settings.locations = list_of(raw);
    } else if (word.starts_with(placeholder)) {
        settings.placeholders[key.substr(placeholder.size())] = value;
    }
}

std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        auto value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1U) != 0 ? 0xEDB88320U ^ (value >> 1U) : value >> 1U;
        }
        table[i] = value;
    }
    return table;
}

}  // namespace

Settings parse_settings(std::string_view text) {
    Settings settings;
    std::string section;
    each_line(without_mark(text), [&](std::string_view line, std::size_t, std::size_t) {
        const auto content = trim(line);
        if (content.empty() || content.front() == '#' || content.front() == '!') {
            return;
        }
        if (content.front() == '[') {
            section = trim(content.substr(1, content.find(']') - 1));
            section += '.';
            return;
        }
        const auto equals = content.find('=');
        if (equals == std::string_view::npos) {
            return;
        }
        auto key = section + unquoted(content.substr(0, equals));
        if (lower(key).starts_with("flyway.")) {
            take(settings, key.substr(std::string_view("flyway.").size()),
                 content.substr(equals + 1));
        }
    });
    return settings;
}

Settings read_settings(const Folder& folder) {
    std::string up;
    for (int level = 0; level <= 4; ++level) {
        for (const char* name : {"flyway.toml", "flyway.conf", "conf/flyway.conf"}) {
            if (const auto text = folder.text(up + name)) {
                auto settings = parse_settings(*text);
                settings.file = up + name;
                return settings;
            }
        }
        up += "../";
    }
    return {};
}

std::optional<Name> parse_name(std::string_view file, const Settings& settings) {
    Name name;
    auto stem = file;
    const bool has_suffix =
        std::any_of(settings.suffixes.begin(), settings.suffixes.end(), [&](const auto& suffix) {
            const bool ends = stem.size() > suffix.size() && stem.ends_with(suffix);
            stem.remove_suffix(ends ? suffix.size() : 0);
            return ends;
        });
    if (!has_suffix) {
        if (language_of(file).empty()) {
            return std::nullopt;
        }
        name.is_sql = false;
        stem = stem.substr(0, stem.rfind('.'));
    }
    std::vector<std::pair<std::string_view, Type>> prefixes = {
        {settings.versioned, Type::versioned},
        {settings.repeatable, Type::repeatable},
        {settings.undo, Type::undo},
        {settings.baseline, Type::baseline}};
    // The longest first, which is the hardest to match.
    std::stable_sort(prefixes.begin(), prefixes.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    const auto prefix = std::find_if(prefixes.begin(), prefixes.end(), [&](const auto& each) {
        return stem.starts_with(each.first);
    });
    const auto separator = stem.find(settings.separator);
    const auto before = stem.substr(0, separator);
    if (is_callback(before)) {
        name.type = Type::callback;
        return name;
    }
    if (prefix == prefixes.end()) {
        return std::nullopt;
    }
    name.type = prefix->second;
    const auto version =
        before.size() < prefix->first.size() ? "" : before.substr(prefix->first.size());
    if (separator != std::string_view::npos) {
        name.description =
            replace_all(std::string(stem.substr(separator + settings.separator.size())), "_", " ");
    }
    if (name.type == Type::repeatable) {
        const bool is_named = version.empty() && separator != std::string_view::npos;
        return is_named ? std::optional(name) : std::nullopt;
    }
    if (!is_version(version)) {
        return std::nullopt;
    }
    name.version = replace_all(std::string(version), "_", ".");
    return name;
}

void Checksum::add(std::string_view text) {
    static const auto table = crc_table();
    if (is_first_) {
        text = without_mark(text);
        is_first_ = false;
    }
    for (const char c : text) {
        if (c != '\n' && c != '\r') {
            state_ = table[(state_ ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (state_ >> 8U);
        }
    }
}

std::string Checksum::text() const {
    return std::to_string(static_cast<std::int32_t>(state_ ^ 0xFFFFFFFFU));
}

}  // namespace caisson::sources::flyway
