// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/sql/scanner.h"
#include "lifecycle/checks/check.h"

namespace caisson::checks {
namespace {

using std::chrono::milliseconds;

const std::vector<std::string> keys = {"check",   "expect",  "severity",    "database",
                                       "feature", "timeout", "description", "remedy"};
const std::vector<std::string> severities = {"error", "warning", "info"};
constexpr milliseconds longest_limit = std::chrono::hours(24);

bool is_known(const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
    const auto near = nearest(word, candidates);
    return near.empty() ? "known are " + join(candidates, ", ")
                        : fmt::format("did you mean \"{}\"?", near);
}

/// `-- key: value` of a header; offsets are bytes in the file.
struct HeaderLine {
    std::string key;
    std::size_t key_offset = 0;
    std::string_view value;
    std::size_t value_offset = 0;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// A comment of its own line that reads as a header: one word, a colon, and a blank or the end.
std::optional<HeaderLine> header_line(std::string_view text, const sql::Token& token) {
    const auto comment = text.substr(token.offset, token.length);
    const auto line_start = text.substr(0, token.offset).rfind('\n') + 1;
    if (comment.substr(0, 2) != "--" ||
        !trim(text.substr(line_start, token.offset - line_start)).empty()) {
        return std::nullopt;
    }
    std::size_t at = 2;
    while (at < comment.size() && (comment[at] == ' ' || comment[at] == '\t')) {
        ++at;
    }
    HeaderLine line;
    line.key_offset = token.offset + at;
    while (at < comment.size() && is_letter(comment[at])) {
        line.key += comment[at++];
    }
    if (line.key.empty() || at == comment.size() || comment[at] != ':' ||
        (at + 1 < comment.size() && comment[at + 1] != ' ' && comment[at + 1] != '\t' &&
         comment[at + 1] != '\n')) {
        return std::nullopt;
    }
    line.key = lower(line.key);
    const auto rest = comment.substr(at + 1);
    line.value = trim(rest);
    line.value_offset = line.value.empty()
                            ? token.offset + at + 1
                            : static_cast<std::size_t>(line.value.data() - text.data());
    return line;
}

/// `5s`, `500ms`, `2min`: nothing when it is no duration above zero and up to a day.
std::optional<milliseconds> parse_limit(std::string_view text) {
    static const std::map<std::string_view, milliseconds> units = {
        {"ms", milliseconds(1)},
        {"s", std::chrono::seconds(1)},
        {"min", std::chrono::minutes(1)},
        {"h", std::chrono::hours(1)},
    };
    long number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto unit = units.find(trim(text.substr(static_cast<std::size_t>(end - text.data()))));
    if (failure != std::errc() || unit == units.end() || number <= 0 ||
        number > longest_limit / unit->second) {
        return std::nullopt;
    }
    return number * unit->second;
}

class Parser {
 public:
    Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Parsed parse() {
        if (const auto zero = text_.find('\0'); zero != std::string_view::npos) {
            mistake(zero, "a zero byte", "a check is text, and PostgreSQL takes no such byte");
            return std::move(parsed_);
        }
        sql::Scanner scanner(text_, 0, true);
        while (const auto token = scanner.next()) {
            if (token->kind != sql::TokenKind::comment) {
                take_sql(*token);
            } else if (const auto line = header_line(text_, *token)) {
                take_header(*line);
            }
        }
        finish();
        return std::move(parsed_);
    }

 private:
    Place place(std::size_t offset) const {
        const auto position = position_of(text_, offset);
        return {file_, position.line, position.column};
    }

    void mistake(std::size_t offset, std::string message, std::string remedy = {}) {
        parsed_.mistakes.push_back({place(offset), std::move(message), std::move(remedy)});
    }

    void take_header(const HeaderLine& line) {
        if (line.key == "check") {
            finish();
            begin(line);
        } else if (!check_) {
            // Anything may stand above the first check, but not what was meant for one.
            if (is_known(line.key)) {
                mistake(line.key_offset, fmt::format("\"{}\" stands above any check", line.key),
                        "begin with -- check: NAME");
            } else if (const auto near = nearest(line.key, keys); near == "check") {
                mistake(line.key_offset, fmt::format("unknown header key \"{}\"", line.key),
                        "did you mean \"check\"?");
            }
        } else if (!is_known(line.key)) {
            if (!has_sql()) {
                mistake(line.key_offset, fmt::format("unknown header key \"{}\"", line.key),
                        did_you_mean(line.key, keys));
            }
        } else if (has_sql()) {
            mistake(line.key_offset, fmt::format("\"{}\" stands below the query", line.key),
                    "put it into the header above the query");
        } else {
            take_key(line);
        }
    }

    void begin(const HeaderLine& line) {
        check_.emplace();
        check_->name = std::string(line.value);
        check_->place = place(line.key_offset);
        check_offset_ = line.key_offset;
        seen_.clear();
        sql_begin_ = sql_end_ = 0;
        ended_ = refused_ = false;
        if (line.value.empty()) {
            mistake(line.key_offset, "the check has no name", "write -- check: NAME");
        }
    }

    void take_key(const HeaderLine& line) {
        const bool may_repeat = line.key == "description" || line.key == "remedy";
        if (!seen_.emplace(line.key, line.key_offset).second && !may_repeat) {
            mistake(line.key_offset, fmt::format("\"{}\" stands here twice", line.key));
            return;
        }
        if (line.value.empty()) {
            mistake(line.key_offset, fmt::format("\"{}\" has no value", line.key));
            return;
        }
        const std::string value(line.value);
        if (line.key == "expect") {
            take_expectation(line);
        } else if (line.key == "severity") {
            take_severity(line, lower(value));
        } else if (line.key == "timeout") {
            if (const auto limit = parse_limit(value)) {
                check_->limit = *limit;
            } else {
                mistake(line.value_offset,
                        fmt::format("found \"{}\", expected a duration such as 5s, 500ms or 2min",
                                    value));
            }
        } else if (line.key == "database") {
            check_->database = value;
        } else if (line.key == "feature") {
            check_->feature = value;
        } else {
            auto& target = line.key == "remedy" ? check_->remedy : check_->description;
            target += (target.empty() ? "" : " ") + value;
        }
    }

    void take_expectation(const HeaderLine& line) {
        const auto read = parse_expectation(line.value);
        if (const auto* wrong = std::get_if<Misreading>(&read)) {
            mistake(line.value_offset + wrong->offset, wrong->message,
                    "such as: rows = 9, value >= 3, value = 'text', empty, not empty, value "
                    "between 3 and 9");
        } else {
            check_->expectation = std::get<Expectation>(read);
        }
    }

    void take_severity(const HeaderLine& line, const std::string& value) {
        if (value == "error" || value == "warning" || value == "info") {
            check_->severity = value == "error"     ? Severity::error
                               : value == "warning" ? Severity::warning
                                                    : Severity::info;
        } else {
            mistake(line.value_offset, fmt::format("unknown severity \"{}\"", value),
                    did_you_mean(value, severities));
        }
    }

    bool has_sql() const { return sql_end_ != 0; }

    void take_sql(const sql::Token& token) {
        if (!check_) {
            if (!refused_) {
                mistake(token.offset, "SQL that belongs to no check",
                        "put -- check: NAME and -- expect: … above it");
            }
            refused_ = true;
        } else if (refused_) {
            return;
        } else if (token.kind == sql::TokenKind::backslash) {
            refuse(token, "a command of psql", "a check is one query that the server understands");
        } else if (!token.terminated) {
            refuse(token, "a quote that is never closed", "");
        } else if (token.kind == sql::TokenKind::semicolon) {
            ended_ = ended_ || has_sql();
        } else if (ended_) {
            refuse(token, fmt::format("check \"{}\" has a second statement", check_->name),
                   "one query is one check: put a header above the second");
        } else {
            if (!has_sql() && !begins_query(token)) {
                refuse(token,
                       fmt::format("a check begins with \"{}\"",
                                   text_.substr(token.offset, token.length)),
                       "a check asks and changes nothing: it begins with SELECT, WITH, VALUES or "
                       "TABLE");
                // The query is there, if not of the right kind.
                sql_begin_ = token.offset;
            }
            sql_begin_ = has_sql() ? sql_begin_ : token.offset;
            sql_end_ = token.offset + token.length;
        }
    }

    void refuse(const sql::Token& token, std::string message, std::string remedy) {
        mistake(token.offset, std::move(message), std::move(remedy));
        refused_ = true;
        sql_end_ = token.offset + token.length;
    }

    /// Nothing else: even in a read-only transaction COPY … TO writes files of the server.
    bool begins_query(const sql::Token& token) const {
        const auto word = text_.substr(token.offset, token.length);
        return word == "(" || sql::is_keyword(word, "select") || sql::is_keyword(word, "with") ||
               sql::is_keyword(word, "values") || sql::is_keyword(word, "table");
    }

    void finish() {
        if (!check_) {
            return;
        }
        if (!seen_.contains("expect")) {
            mistake(check_offset_, fmt::format("check \"{}\" has no expectation", check_->name),
                    "add -- expect: rows = 9, value >= 3, empty, …");
        }
        if (!has_sql()) {
            mistake(check_offset_, fmt::format("check \"{}\" has no SQL", check_->name),
                    "put one query below its header");
        }
        check_->sql = std::string(text_.substr(sql_begin_, sql_end_ - sql_begin_));
        check_->sql_place = place(sql_begin_);
        parsed_.checks.push_back(std::move(*check_));
        check_.reset();
    }

    std::string_view text_;
    const std::string& file_;
    Parsed parsed_;
    std::optional<Check> check_;  ///< The one being read.
    std::size_t check_offset_ = 0;
    std::map<std::string, std::size_t> seen_;  ///< Keys of its header.
    std::size_t sql_begin_ = 0;
    std::size_t sql_end_ = 0;
    bool ended_ = false;    ///< Its semicolon was there.
    bool refused_ = false;  ///< Its SQL (or that above the first check) was objected to already.
};

}  // namespace

std::string_view to_text(Severity severity) {
    return severity == Severity::error     ? "error"
           : severity == Severity::warning ? "warning"
                                           : "info";
}

Parsed parse(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

}  // namespace caisson::checks
