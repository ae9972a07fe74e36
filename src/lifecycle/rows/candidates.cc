// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/rows/candidates.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/sql/scanner.h"
#include "lifecycle/rows/pattern.h"

namespace caisson::rows {
namespace {

using Texts = std::vector<std::string>;

/// The text of a constant as the server writes it: 'it''s' or E'back\\slash'.
std::string constant(std::string_view written) {
    const bool has_escapes = written.front() == 'E' || written.front() == 'e';
    written.remove_prefix(has_escapes ? 1 : 0);
    if (written.size() < 2 || written.front() != '\'') {
        return std::string(written);
    }
    auto text = replace_all(std::string(written.substr(1, written.size() - 2)), "''", "'");
    return has_escapes ? replace_all(text, "\\\\", "\\") : text;
}

bool is_date(std::string_view text) {
    return text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
           std::ranges::all_of(text.substr(0, 4), [](char c) { return c >= '0' && c <= '9'; });
}

/// Lengths that checks ask for: octet_length(hash) = 32.
std::vector<std::size_t> lengths(const Hints& hints) {
    std::vector<std::size_t> list;
    for (const auto& number : hints.numbers) {
        const auto value = std::strtol(number.c_str(), nullptr, 10);
        if (value > 0 && value <= 4096) {
            list.push_back(static_cast<std::size_t>(value));
        }
    }
    return list;
}

std::string repeated(const std::string& text, std::size_t length) {
    std::string result;
    while (result.size() < length) {
        result += text;
    }
    return result.substr(0, length);
}

Texts of_text(const Column& column, bool is_unique, const Hints& hints, const Tag& tag) {
    Texts own;  // No other row has them.
    for (const auto& pattern : hints.patterns) {
        if (const auto text = text_for_pattern(pattern, tag.number)) {
            own.push_back(*text);
            own.push_back(lower(*text));
        }
    }
    for (const auto& like : hints.likes) {
        own.push_back(text_for_like(like, tag.number));
    }
    const bool is_shaped = !own.empty();
    Texts plain = {fmt::format("{} {}", tag.word, column.bare), tag.word};
    for (const auto length : lengths(hints)) {
        plain.push_back(repeated(tag.word, length));
    }
    if (!is_shaped) {
        own.insert(own.end(), plain.begin(), plain.end());
        plain.clear();
    }
    Texts list = is_unique || hints.texts.empty() ? own : hints.texts;
    const auto& rest = is_unique || hints.texts.empty() ? hints.texts : own;
    list.insert(list.end(), rest.begin(), rest.end());
    list.insert(list.end(), plain.begin(), plain.end());
    if (column.length > 0) {
        for (auto& text : list) {
            text = text.substr(0, static_cast<std::size_t>(column.length));
        }
    }
    return list;
}

Texts of_number(const Column& column, bool is_unique, const Hints& hints, const Tag& tag) {
    double most = 9e18;
    if (column.base == "int2") {
        most = 32767;
    } else if (column.base == "int4") {
        most = 2147483647;
    } else if (column.precision > 0) {
        most = std::pow(10, column.precision - column.scale) - 1;
    }
    Texts list;
    const auto add = [&](double value) {
        if (std::abs(value) <= most || (column.scale > 0 && std::abs(value) < 1)) {
            list.push_back(value == std::floor(value) ? fmt::format("{:.0f}", value)
                                                      : fmt::format("{}", value));
        }
    };
    const auto own = static_cast<double>(tag.number);
    if (is_unique || column.is_counted) {
        add(column.base == "int2" ? std::fmod(own, 32'000) : 1'000'000 + own);
        add(own);
    }
    for (const auto& number : hints.numbers) {
        const auto value = std::strtod(number.c_str(), nullptr);
        add(value), add(value + 1), add(value - 1);
    }
    add(1), add(0), add(0.5), add(100), add(own);
    return list;
}

Texts of_date(const Hints& hints) {
    Texts list;
    for (const auto& text : hints.texts) {
        if (is_date(text)) {
            list.push_back(text);
        }
    }
    // One that is past, one that is to come: of two columns, either may have to be the later.
    list.insert(list.end(), {"2024-01-01", "2098-01-01", "2099-01-01"});
    return list;
}

Texts of_bytes(const Hints& hints, const Tag& tag) {
    std::string own;
    for (const char c : tag.word) {
        own += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    Texts list;
    for (const auto length : lengths(hints)) {
        list.push_back("\\x" + repeated(own, 2 * length));
    }
    list.push_back("\\x" + own);
    list.push_back("\\x" + repeated(own, 64));
    return list;
}

Texts of_other(const Column& column, std::size_t position, const Hints& hints, const Tag& tag) {
    const auto& base = column.base;
    if (base == "uuid") {
        return {fmt::format("{}{:012}", tag.uuid.substr(0, 24),
                            tag.number % 1'000'000 * 1000 + position)};
    }
    if (base == "json" || base == "jsonb") {
        return {"{}", "[]", fmt::format("{{\"{}\": \"{}\"}}", column.bare, tag.word), "1", "\"x\""};
    }
    if (base == "bytea") {
        return of_bytes(hints, tag);
    }
    if (base == "inet" || base == "cidr") {
        return {fmt::format("10.{}.{}.1/32", tag.number / 256 % 256, tag.number % 256)};
    }
    if (base == "vector") {
        return {"[" + repeated("1,", 2 * static_cast<std::size_t>(std::max(1, column.length)) - 1) +
                "]"};
    }
    static const std::vector<std::pair<std::string_view, std::string_view>> fixed = {
        {"macaddr", "00:00:00:00:00:01"},
        {"macaddr8", "00:00:00:00:00:00:00:01"},
        {"xml", "<a/>"},
        {"point", "(1,1)"},
        {"box", "(1,1),(0,0)"},
        {"circle", "<(0,0),1>"},
        {"lseg", "[(0,0),(1,1)]"},
        {"path", "[(0,0),(1,1)]"},
        {"polygon", "((0,0),(1,0),(1,1))"},
        {"line", "{1,1,1}"},
        {"money", "1"},
        {"pg_lsn", "0/1"},
        {"tsvector", "a"},
        {"tsquery", "a"},
        {"hstore", ""},
        {"ltree", "a"},
        {"name", "a"},
        {"char", "a"}};
    for (const auto& [name, value] : fixed) {
        if (base == name) {
            return {std::string(value)};
        }
    }
    return {tag.word, "1", ""};
}

Texts texts_for(const Column& column, std::size_t position, bool is_unique, const Hints& hints,
                const Tag& tag) {
    if (!column.labels.empty()) {
        return column.labels;
    }
    if (column.base == "time" || column.base == "timetz") {
        return {"12:00", "13:00"};
    }
    switch (column.category) {
        case 'S':
            return of_text(column, is_unique, hints, tag);
        case 'N':
            return column.base == "money" ? Texts{"1", "0"}
                                          : of_number(column, is_unique, hints, tag);
        case 'B':
            return {"false", "true"};
        case 'D':
            return of_date(hints);
        case 'T':
            return {"1 day", "00:00"};
        case 'A': {
            Texts list = {"{}"};
            if (column.base != "_text" && column.base != "_varchar") {
                return list;
            }
            for (const auto& text : hints.texts) {
                list.push_back(fmt::format("{{\"{}\"}}", replace_all(text, "\"", "")));
            }
            list.push_back(fmt::format("{{{}}}", tag.word));
            return list;
        }
        case 'R':
            return {"empty", "(,)"};
        case 'V':
            return {repeated("01", static_cast<std::size_t>(std::max(1, column.length)))};
        default:
            return of_other(column, position, hints, tag);
    }
}

}  // namespace

void Hints::append(const Hints& more) {
    texts.insert(texts.end(), more.texts.begin(), more.texts.end());
    patterns.insert(patterns.end(), more.patterns.begin(), more.patterns.end());
    likes.insert(likes.end(), more.likes.begin(), more.likes.end());
    numbers.insert(numbers.end(), more.numbers.begin(), more.numbers.end());
}

Hints hints_of(const std::string& expression) {
    Hints hints;
    std::string before;  // The operator in front of a constant.
    sql::Scanner scanner(expression);
    bool is_negative = false;
    while (const auto token = scanner.next()) {
        const auto text = std::string_view(expression).substr(token->offset, token->length);
        if (token->kind == sql::TokenKind::symbol) {
            before += text;
            is_negative = text == "-";
            continue;
        }
        if (token->kind == sql::TokenKind::string) {
            auto& list = before.ends_with("~~") || before.ends_with("~~*") ? hints.likes
                         : before.ends_with("~") || before.ends_with("~*") ? hints.patterns
                                                                           : hints.texts;
            list.push_back(constant(text));
        } else if (token->kind == sql::TokenKind::number && text.front() != '$') {
            hints.numbers.push_back((is_negative ? "-" : "") + std::string(text));
        }
        if (token->kind != sql::TokenKind::open) {
            before.clear();
            is_negative = false;
        }
    }
    // The server writes whole numbers beside texts and numerics as '0'::bigint.
    for (const auto& text : hints.texts) {
        if (!text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos) {
            hints.numbers.push_back(text);
        }
    }
    return hints;
}

std::vector<std::string> candidates(const Column& column, std::size_t position, bool is_unique,
                                    const Hints& hints, const Tag& tag) {
    Texts list;
    for (const auto& text : texts_for(column, position, is_unique, hints, tag)) {
        auto sql = pg::literal(text);
        if (std::ranges::find(list, sql) == list.end()) {
            list.push_back(std::move(sql));
        }
    }
    return list;
}

std::vector<std::string> variations(const Column& column, const std::string& value,
                                    const Tag& tag) {
    Texts texts;
    if (column.category == 'S') {
        texts = {value + tag.word, tag.word + value, value + "-" + tag.word,
                 fmt::format("{}{}", value, tag.number)};
        if (column.length > 0) {
            const auto room = static_cast<std::size_t>(column.length);
            for (auto& text : texts) {
                text = text.size() > room ? text.substr(text.size() - room) : text;
            }
        }
    } else if (column.base == "bytea" && value.size() > 4) {
        std::string own;
        for (const char c : tag.word) {
            own += fmt::format("{:02x}", static_cast<unsigned char>(c));
        }
        texts = {"\\x" + repeated(own + value.substr(2), value.size() - 2)};
    } else if (column.category == 'N') {
        const auto number = std::strtod(value.c_str(), nullptr);
        texts = {fmt::format("{:.0f}", number + static_cast<double>(tag.number))};
    }
    Texts list;
    for (const auto& text : texts) {
        list.push_back(pg::literal(text));
    }
    return list;
}

}  // namespace caisson::rows
