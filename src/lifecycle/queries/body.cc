// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/body.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::queries {
namespace {

using sql::TokenKind;

/// Source: PostgreSQL, "Lexical Structure", Operators.
constexpr std::string_view operator_characters = "+-*/<>=~!@#%^&|`?";

/// Operators that people write right before a parameter. Others that end in `@` are operators of
/// the server's own: `a @@b`.
constexpr auto before_parameters = std::to_array<std::string_view>(
    {"=",   "<>", "!=", "<=", ">=", ">",   "+",  "-",   "*",  "/",   "%",
     "^",   "||", "~",  "~*", "!~", "!~*", "~~", "!~~", "->", "->>", "#>",
     "#>>", "&&", "&",  "|",  "?",  "?|",  "?&", "=>",  "@>"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "newest latest first" in the name and the rest.
Choice choice_of(std::string_view value, Place place) {
    const auto blank = std::min(value.find_first_of(" \t"), value.size());
    return {std::string(value.substr(0, blank)), std::string(trim(value.substr(blank))),
            std::move(place)};
}

}  // namespace

bool is_snake_case(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
    });
}

bool begins_line(std::string_view text, std::size_t offset) {
    const auto line_start = text.substr(0, offset).rfind('\n') + 1;
    return trim(text.substr(line_start, offset - line_start)).empty();
}

std::optional<HeaderLine> header_line(std::string_view text, const sql::Token& comment) {
    const auto whole = text.substr(comment.offset, comment.length);
    if (!whole.starts_with("--") || !begins_line(text, comment.offset)) {
        return std::nullopt;
    }
    std::size_t at = 2;
    while (at < whole.size() && (whole[at] == ' ' || whole[at] == '\t')) {
        ++at;
    }
    HeaderLine line;
    line.key_offset = comment.offset + at;
    while (at < whole.size() && is_letter(whole[at])) {
        line.key += whole[at++];
    }
    const auto rest = whole.substr(at);
    if (line.key == "end" && trim(rest).empty()) {
        return line;
    }
    if (line.key.empty() || !rest.starts_with(':') ||
        (rest.size() > 1 && rest[1] != ' ' && rest[1] != '\t')) {
        return std::nullopt;
    }
    line.value = trim(rest.substr(1));
    line.value_offset = line.value.empty()
                            ? comment.offset + at + 1
                            : static_cast<std::size_t>(line.value.data() - text.data());
    return line;
}

Place Body::place(std::size_t offset) const {
    const auto found = position_of(text_, offset);
    return {query_.file, found.line, found.column};
}

sql::SourcePosition Body::position(std::size_t offset) {
    if (offset < known_.offset) {
        known_ = {};
    }
    known_.advance(text_.substr(known_.offset, offset - known_.offset));
    return known_;
}

void Body::refuse(std::size_t offset, std::string message, std::string remedy) {
    if (!refused_) {
        mistakes_.push_back({place(offset), std::move(message), std::move(remedy)});
    }
    refused_ = true;
}

void Body::flush() {
    if (end_ > begin_) {
        query_.pieces.push_back({std::string(text_.substr(begin_, end_ - begin_)), false, filter_,
                                 order_, position(begin_)});
        block_is_empty_ = false;
    }
    begin_ = end_ = 0;
}

/// What stands between two tokens belongs to the second one.
void Body::add_text(const sql::Token& token) {
    if (end_ == 0) {
        begin_ = token.offset;
        // The line break or the blank before it, which parts it from what came before.
        const auto before = text_.substr(0, token.offset).find_last_not_of(" \t\n\r\f\v");
        if (!query_.pieces.empty() && before != std::string_view::npos) {
            const auto gap = text_.substr(before + 1, token.offset - before - 1);
            const auto line = gap.rfind('\n');
            begin_ -= line == std::string_view::npos ? gap.size() : gap.size() - line;
        }
    }
    end_ = token.offset + token.length;
}

void Body::take(const sql::Token& token) {
    if (refused_) {
        return;
    }
    if (ended_ && token.kind != TokenKind::semicolon) {
        return refuse(token.offset, fmt::format("query \"{}\" has a second statement", query_.name),
                      "one statement is one query: put -- name: above the second");
    }
    if (!token.terminated) {
        return refuse(token.offset, "a quote that is never closed", "");
    }
    switch (token.kind) {
        case TokenKind::semicolon:
            if (brackets_ > 0) {
                return refuse(token.offset, "a semicolon inside parentheses", "");
            }
            ended_ = ended_ || !empty() || end_ > 0;
            return;
        case TokenKind::backslash:
            return refuse(token.offset, "a command of psql",
                          "a query is one statement that the server understands");
        case TokenKind::number:
            if (text_[token.offset] == '$') {
                return refuse(
                    token.offset,
                    fmt::format("the parameter {}", text_.substr(token.offset, token.length)),
                    "parameters have names: write @id");
            }
            break;
        case TokenKind::open:
            ++brackets_;
            break;
        case TokenKind::close:
            --brackets_;
            break;
        default:
            break;
    }
    if (!take_parameter(token)) {
        add_text(token);
    }
}

/// Whether the token was part of `@name`, and no text. An `@` is kept until what follows tells.
bool Body::take_parameter(const sql::Token& token) {
    const auto pending = std::exchange(at_, std::nullopt);
    const char c = text_[token.offset];
    if (pending) {
        const bool is_name = token.kind == TokenKind::word && token.offset == pending->offset + 1;
        const auto run = operators_end_ == pending->offset ? operators_ : std::string();
        const bool is_known = std::ranges::find(before_parameters, run) != before_parameters.end();
        if (is_name && run == "<") {
            refuse(pending->offset - 1, "\"<@\" followed by a name: an operator or a parameter",
                   "write \"< @name\" for the parameter, \"<@ name\" for the operator");
            return true;
        }
        if (is_name && (run.empty() || is_known)) {
            flush();
            add_parameter(token);
            return true;
        }
        add_text(*pending);
        operators_ = run + '@';
        operators_end_ = pending->offset + 1;
    }
    if (token.kind == TokenKind::symbol && c == '@') {
        if (operators_end_ != token.offset) {
            operators_.clear();
        }
        at_ = token;
        return true;
    }
    if (token.kind == TokenKind::symbol && operator_characters.find(c) != std::string_view::npos) {
        operators_ = operators_end_ == token.offset ? operators_ + c : std::string(1, c);
        operators_end_ = token.offset + 1;
    }
    if (token.kind == TokenKind::word && token.offset > 1 && text_[token.offset - 1] == ':' &&
        text_[token.offset - 2] != ':' && brackets_ == 0) {
        refuse(token.offset - 1,
               fmt::format("the parameter :{}", text_.substr(token.offset, token.length)),
               fmt::format("write @{}: a colon also casts and cuts arrays",
                           text_.substr(token.offset, token.length)));
    }
    return false;
}

void Body::add_parameter(const sql::Token& word) {
    const auto name = text_.substr(word.offset, word.length);
    if (!is_snake_case(name)) {
        return refuse(word.offset - 1, fmt::format("the parameter @{}", name),
                      "parameters are written in lower case, with digits and _");
    }
    // What parts it from the text before is kept, or `and @a` would become `and$1`.
    const auto before = text_.substr(0, word.offset - 1).find_last_not_of(" \t\n\r\f\v");
    const auto gap = before == std::string_view::npos
                         ? std::string_view()
                         : text_.substr(before + 1, word.offset - 2 - before);
    if (!gap.empty() && !query_.pieces.empty()) {
        const auto line = gap.rfind('\n');
        const auto kept = line == std::string_view::npos ? gap : gap.substr(line);
        query_.pieces.push_back(
            {std::string(kept), false, filter_, order_, position(word.offset - 1 - kept.size())});
    }
    query_.pieces.push_back({std::string(name), true, filter_, order_, position(word.offset - 1)});
    block_is_empty_ = false;
    const auto found = std::ranges::find(query_.parameters, name, &Parameter::name);
    const Parameter::Use use{filter_, order_};
    if (found == query_.parameters.end()) {
        query_.parameters.push_back({std::string(name), false, {use}, place(word.offset - 1)});
    } else if (std::ranges::find(found->uses, use) == found->uses.end()) {
        found->uses.push_back(use);
    }
}

void Body::take_comment(const sql::Token& token) {
    if (refused_) {
        return;
    }
    if (at_) {
        add_text(*std::exchange(at_, std::nullopt));
    }
    const auto comment = text_.substr(token.offset, token.length);
    if (comment.starts_with("/*+")) {
        // A hint for the planner is the only comment that means something to a server.
        return add_text(token);
    }
    if (!token.terminated) {
        return refuse(token.offset, "a comment that is never closed", "");
    }
    flush();
    if (const auto line = header_line(text_, token)) {
        take_mark(*line);
    } else if (const auto end = token.offset + token.length;
               !query_.pieces.empty() && comment.starts_with("/*") && end < text_.size() &&
               trim(text_.substr(end, 1)).size() == 1) {
        // Nothing else would part what stands on both sides.
        query_.pieces.push_back({" ", false, filter_, order_, position(token.offset)});
    }
}

void Body::take_mark(const HeaderLine& line) {
    if (line.key != "filter" && line.key != "order" && line.key != "end") {
        return;
    }
    if (empty()) {
        return refuse(line.key_offset, fmt::format("\"{}\" stands above the SQL", line.key),
                      "it marks a part of the SQL: put it above that part, and -- end below");
    }
    if (brackets_ < 0) {
        return refuse(line.key_offset, "more parentheses are closed than opened", "");
    }
    if (line.key == "end") {
        if (filter_ < 0 && order_ < 0) {
            return refuse(line.key_offset, "\"end\" closes nothing", "");
        }
        orders_ended_ = orders_ended_ || order_ >= 0;
        return close_block();
    }
    const auto choice = choice_of(line.value, place(line.key_offset));
    if (!is_snake_case(choice.name)) {
        return refuse(line.value_offset, fmt::format("the {} \"{}\"", line.key, choice.name),
                      fmt::format("write -- {}: NAME, in lower case with digits and _", line.key));
    }
    for (const auto* const known : {&query_.filters, &query_.orders}) {
        if (std::ranges::find(*known, choice.name, &Choice::name) != known->end()) {
            return refuse(line.value_offset, fmt::format("a second \"{}\"", choice.name),
                          "each filter and each order has a name of its own");
        }
    }
    if (filter_ >= 0 || (order_ >= 0 && line.key == "filter")) {
        return refuse(
            line.key_offset,
            fmt::format("a {} inside of a {}", line.key, filter_ >= 0 ? "filter" : "order"),
            "close it before: -- end");
    }
    if (line.key == "order") {
        return begin_order(line, choice);
    }
    filter_ = static_cast<int>(query_.filters.size());
    query_.filters.push_back(choice);
    block_offset_ = line.key_offset;
    block_is_empty_ = true;
}

void Body::begin_order(const HeaderLine& line, const Choice& choice) {
    if (orders_ended_) {
        return refuse(line.key_offset, "orders in two places",
                      "all orders of a query stand one below the other, closed by one -- end");
    }
    if (order_ >= 0) {
        close_block();
    }
    if (refused_) {
        return;
    }
    order_ = static_cast<int>(query_.orders.size());
    query_.orders.push_back(choice);
    block_offset_ = line.key_offset;
    block_is_empty_ = true;
}

void Body::close_block() {
    if (block_is_empty_) {
        refuse(block_offset_, "nothing stands in it", "put SQL between the mark and -- end");
    }
    filter_ = order_ = -1;
}

void Body::finish() {
    if (at_) {
        add_text(*std::exchange(at_, std::nullopt));
    }
    flush();
    if (filter_ >= 0 || order_ >= 0) {
        refuse(block_offset_,
               fmt::format("the {} is never closed", filter_ >= 0 ? "filter" : "order"),
               "put -- end below it");
    }
    if (query_.filters.size() > 8 ||
        (std::size_t{1} << query_.filters.size()) * std::max<std::size_t>(query_.orders.size(), 1) >
            most_variants) {
        refuse(block_offset_,
               fmt::format("{} and {} make more than {} statements",
                           counted(query_.filters.size(), "filter"),
                           counted(query_.orders.size(), "order"), most_variants),
               "split the query, or let one condition take a nullable parameter");
    }
}

}  // namespace caisson::queries
