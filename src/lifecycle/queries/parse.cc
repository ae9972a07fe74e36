// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/queries/body.h"
#include "lifecycle/queries/names.h"
#include "lifecycle/queries/query.h"
#include "platform/values.h"

namespace caisson::queries {
namespace {

const std::vector<std::string> keys = {"name",    "cache",    "timeout",   "database",
                                       "feature", "nullable", "deprecated"};
/// They mark parts of the SQL.
const std::vector<std::string> marks = {"filter", "order", "end"};
const std::vector<std::string> kinds = {"one",    "optional", "many", "exec",
                                        "stream", "batch",    "copy"};
constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24);

bool is_among(const std::string& word, const std::vector<std::string>& words) {
    return std::ranges::find(words, word) != words.end();
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         std::string_view prefix = "") {
    const auto near = nearest(word, candidates);
    return near.empty() ? "known are " + join(candidates, ", ")
                        : fmt::format("did you mean {}{}?", prefix, near);
}

class Parser {
 public:
    Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Parsed parse() {
        if (const auto zero = text_.find('\0'); zero != std::string_view::npos) {
            mistake(zero, "a zero byte", "a query is text, and PostgreSQL takes no such byte");
            return std::move(parsed_);
        }
        sql::Scanner scanner(text_, 0, true);
        while (const auto token = scanner.next()) {
            if (token->kind == sql::TokenKind::comment) {
                take_comment(*token);
            } else {
                take_sql(*token);
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

    void take_comment(const sql::Token& token) {
        auto line = header_line(text_, token);
        if (line && line->key == "name") {
            finish();
            return begin(*line);
        }
        if (!query_) {
            if (line && is_among(line->key, keys)) {
                take_file_key(*line);
            }
            return;
        }
        has_sql_ = has_sql_ || text_.substr(token.offset).starts_with("/*+");
        if (!has_sql_) {
            if (line && is_among(line->key, keys)) {
                return take_key(*line);
            }
            if (line && is_among(line->key, marks)) {
                return body_->take_comment(token);
            }
            if (line && is_misspelt(line->key)) {
                return mistake(line->key_offset,
                               fmt::format("unknown header key \"{}\"", line->key),
                               did_you_mean(line->key, keys));
            }
            return take_doc(token);
        }
        if (line && is_among(line->key, keys)) {
            return mistake(line->key_offset, fmt::format("\"{}\" stands below the SQL", line->key),
                           "put it into the header above the SQL");
        }
        body_->take_comment(token);
    }

    /// Prose has colons too; what is nearly a key was meant as one.
    static bool is_misspelt(const std::string& key) {
        return lower(key) == key && key.size() > 3 && !nearest(key, keys).empty();
    }

    void take_doc(const sql::Token& token) {
        auto comment = text_.substr(token.offset, token.length);
        if (!comment.starts_with("--")) {
            return;
        }
        comment.remove_prefix(std::min(comment.find_first_not_of('-'), comment.size()));
        const auto line = trim(comment);
        if (line.empty() && query_->doc.empty()) {
            return;
        }
        query_->doc += (query_->doc.empty() ? "" : "\n") + std::string(line);
    }

    /// Above the first query: for all of the file.
    void take_file_key(const HeaderLine& line) {
        if (line.key != "database" && line.key != "feature") {
            return mistake(line.key_offset, fmt::format("\"{}\" stands above any query", line.key),
                           "begin with -- name: NAME :KIND");
        }
        if (line.value.empty()) {
            return mistake(line.key_offset, fmt::format("\"{}\" has no value", line.key));
        }
        (line.key == "database" ? file_database_ : file_feature_) = line.value;
    }

    void begin(const HeaderLine& line) {
        query_.emplace();
        query_->file = file_;
        query_->place = place(line.key_offset);
        query_->database = file_database_;
        query_->feature = file_feature_;
        query_offset_ = line.key_offset;
        seen_.clear();
        nullable_.clear();
        has_sql_ = false;
        body_.emplace(text_, *query_, parsed_.mistakes);
        const auto blank = std::min(line.value.find_first_of(" \t"), line.value.size());
        query_->name = line.value.substr(0, blank);
        const auto kind = trim(line.value.substr(blank));
        if (!is_snake_case(query_->name)) {
            mistake(query_->name.empty() ? line.key_offset : line.value_offset,
                    query_->name.empty() ? "the query has no name"
                                         : fmt::format("the query is called \"{}\"", query_->name),
                    query_->name.empty()
                        ? "write -- name: find_business :optional"
                        : fmt::format("functions are written so: {}", snake_case(query_->name)));
        }
        const auto found = std::ranges::find(
            kinds, kind.starts_with(':') ? std::string(kind.substr(1)) : std::string());
        if (found != kinds.end()) {
            query_->kind = static_cast<Kind>(found - kinds.begin());
        } else {
            const auto word = std::string(kind.substr(kind.starts_with(':') ? 1 : 0));
            mistake(line.value_offset,
                    kind.empty() ? fmt::format("query \"{}\" has no kind", query_->name)
                                 : fmt::format("unknown kind \"{}\"", kind),
                    word.empty() ? "write one behind its name: :" + join(kinds, ", :")
                                 : did_you_mean(word, kinds, ":"));
        }
    }

    void take_key(const HeaderLine& line) {
        if (!seen_.emplace(line.key).second && line.key != "nullable") {
            return mistake(line.key_offset, fmt::format("\"{}\" stands here twice", line.key));
        }
        if (line.value.empty()) {
            return mistake(line.key_offset, fmt::format("\"{}\" has no value", line.key));
        }
        if (line.key == "timeout") {
            const auto limit = platform::parse_duration(line.value);
            if (limit && limit->count() > 0 && *limit <= longest_timeout) {
                query_->timeout = *limit;
            } else {
                mistake(line.value_offset,
                        fmt::format("found \"{}\", expected a duration such as 5s or 500ms",
                                    line.value));
            }
        } else if (line.key == "cache") {
            take_cache(line);
        } else if (line.key == "nullable") {
            take_nullable(line);
        } else {
            (line.key == "database"  ? query_->database
             : line.key == "feature" ? query_->feature
                                     : query_->deprecated) = line.value;
        }
    }

    /// `PATTERN [ttl 5m]`
    void take_cache(const HeaderLine& line) {
        CacheUse use;
        use.place = place(line.value_offset);
        const auto blank = std::min(line.value.find_first_of(" \t"), line.value.size());
        use.pattern = line.value.substr(0, blank);
        const auto rest = trim(line.value.substr(blank));
        if (!rest.empty()) {
            const auto limit = rest.starts_with("ttl ")
                                   ? platform::parse_duration(trim(rest.substr(4)))
                                   : std::nullopt;
            if (!limit || limit->count() < 1000 || limit->count() % 1000 != 0) {
                return mistake(line.value_offset, fmt::format("found \"{}\" behind the key", rest),
                               "write -- cache: business:{id} ttl 5m, in whole seconds");
            }
            use.ttl = std::chrono::duration_cast<std::chrono::seconds>(*limit);
        }
        query_->cache = std::move(use);
    }

    void take_nullable(const HeaderLine& line) {
        std::size_t at = 0;
        while (at <= line.value.size()) {
            const auto comma = std::min(line.value.find(',', at), line.value.size());
            auto name = trim(line.value.substr(at, comma - at));
            if (name.starts_with('@')) {
                name.remove_prefix(1);
            }
            if (!name.empty()) {
                nullable_.emplace_back(name, static_cast<std::size_t>(name.data() - text_.data()));
            }
            at = comma + 1;
        }
    }

    void take_sql(const sql::Token& token) {
        if (!query_) {
            if (!is_refused_ && token.kind != sql::TokenKind::semicolon) {
                mistake(token.offset, "SQL that belongs to no query",
                        "put -- name: NAME :KIND above it");
                is_refused_ = true;
            }
            return;
        }
        has_sql_ = true;
        body_->take(token);
    }

    void finish() {
        if (!query_) {
            return;
        }
        body_->finish();
        if (query_->pieces.empty() && !body_->is_refused()) {
            mistake(query_offset_, fmt::format("query \"{}\" has no SQL", query_->name),
                    "put one statement below its header");
        }
        for (const auto& [name, offset] : nullable_) {
            const auto found = std::ranges::find(query_->parameters, name, &Parameter::name);
            if (found == query_->parameters.end()) {
                mistake(offset, fmt::format("the query has no parameter @{}", name));
            } else if (found->only_filter() >= 0) {
                mistake(offset, fmt::format("@{} belongs to a filter", name),
                        "such a parameter is there or not; a filter IS NULL needs none");
            } else {
                found->nullable = true;
            }
        }
        if ((query_->kind == Kind::batch || query_->kind == Kind::copy) &&
            !(query_->filters.empty() && query_->orders.empty())) {
            mistake(query_offset_,
                    fmt::format("query \"{}\" is :{}, and has a filter or an order", query_->name,
                                to_text(query_->kind)),
                    "all its runs are one statement: write a query for each");
        }
        if (!query_->name.empty() && !query_->pieces.empty() && !body_->is_refused()) {
            parsed_.queries.push_back(std::move(*query_));
        }
        body_.reset();
        query_.reset();
    }

    std::string_view text_;
    const std::string& file_;
    Parsed parsed_;
    std::string file_database_;
    std::string file_feature_;
    std::optional<Query> query_;  ///< The one being read.
    std::optional<Body> body_;
    std::size_t query_offset_ = 0;
    std::set<std::string> seen_;  ///< Keys of its header.
    std::vector<std::pair<std::string, std::size_t>> nullable_;
    bool has_sql_ = false;
    bool is_refused_ = false;  ///< SQL above the first query was objected to.
};

}  // namespace

std::string_view to_text(Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

Parsed parse(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

}  // namespace caisson::queries
