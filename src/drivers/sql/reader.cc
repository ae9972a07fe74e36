// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/reader.h"

#include <algorithm>
#include <utility>

namespace caisson::sql {
namespace {

/// What is read at least before the text is looked at again.
constexpr std::size_t least_read = std::size_t{64} << 10U;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What a statement makes of standard_conforming_strings; nothing when it leaves it alone.
std::optional<bool> sets_standard_strings(std::string_view text) {
    std::string_view last;
    bool named = false;
    Scanner scanner(text);
    for (int count = 0; count < 6; ++count) {
        const auto token = scanner.next();
        if (!token) {
            break;
        }
        last = text.substr(token->offset, token->length);
        if (count == 0 && !is_keyword(last, "set")) {
            return std::nullopt;
        }
        named = named || is_keyword(last, "standard_conforming_strings");
    }
    if (!named) {
        return std::nullopt;
    }
    if (last.size() > 2 && last.front() == '\'') {
        last = last.substr(1, last.size() - 2);
    }
    return !is_keyword(last, "off") && !is_keyword(last, "false") && !is_keyword(last, "no") &&
           last != "0";
}

}  // namespace

Reader::Reader(Source source, Lookup lookup)
    : source_(std::move(source)), lookup_(std::move(lookup)) {}
Reader::Reader(std::string_view text, Lookup lookup) : lookup_(std::move(lookup)), chunk_(text) {}

/// Reads at least as much as there is, so that a long token is looked at again a few times only.
bool Reader::fill() {
    if (ended_) {
        return false;
    }
    settle_position();
    buffer_.erase(0, at_);
    for (auto& jump : jumps_) {
        jump.at -= at_;
    }
    for (auto& expansion : expansions_) {
        expansion.end -= std::min(at_, expansion.end);
    }
    at_ = 0;
    placed_ = 0;
    const auto wanted = buffer_.size() + std::max(least_read, buffer_.size());
    while (buffer_.size() < wanted && !ended_) {
        if (chunk_.empty()) {
            chunk_ = source_ ? source_() : std::string_view();
            ended_ = chunk_.empty();
        }
        const auto taken = std::min(chunk_.size(), wanted - buffer_.size());
        buffer_.append(chunk_.substr(0, taken));
        chunk_.remove_prefix(taken);
    }
    return true;
}

/// Lines are counted in one go where somebody asks for them, not token by token.
void Reader::settle_position() {
    if (!fixed_) {
        here_.advance(std::string_view(buffer_).substr(placed_, at_ - placed_));
    }
    placed_ = at_;
}

void Reader::consume(std::size_t end) {
    while (!jumps_.empty() && jumps_.front().at <= end) {
        at_ = jumps_.front().at;
        placed_ = at_;
        here_ = jumps_.front().position;
        fixed_ = jumps_.front().fixed;
        jumped_ = true;
        jumps_.erase(jumps_.begin());
    }
    at_ = end;
}

/// Over what is no token.
void Reader::pass(std::size_t end) {
    if (!query_.empty()) {
        gap_.append(buffer_, at_, end - at_);
    }
    consume(end);
}

/// So that the next token can be added.
void Reader::place_query(std::size_t begin) {
    pass(begin);
    const bool opens = query_.empty();
    query_.add_gap(gap_);
    gap_.clear();
    if (opens || jumped_) {
        query_.stands_at(position(), fixed_);
        jumped_ = false;
    }
}

void Reader::take(std::size_t begin, std::size_t end, const Token& token) {
    place_query(begin);
    query_.add(token, std::string_view(buffer_).substr(begin, end - begin));
    consume(end);
    query_.ends_at(here_.offset + (fixed_ ? 0 : at_ - placed_));
}

Query Reader::take_query() {
    gap_.clear();
    return std::exchange(query_, {});
}

void Reader::set_query(Query query) {
    gap_.clear();
    jumped_ = true;
    query_ = std::move(query);
}

/// Ends what the last event left open.
void Reader::settle() {
    if (data_ == Data::line_start || data_ == Data::inside_line) {
        while (next_data()) {
        }
    }
    data_ = Data::none;
    if (last_ == Event::statement) {
        take_query();
    } else if (last_ == Event::command) {
        consume(resume_);
        jumped_ = true;
    }
    last_.reset();
}

void Reader::skip_mark() {
    started_ = true;
    fill();
    if (rest().substr(0, byte_order_mark.size()) == byte_order_mark) {
        consume(byte_order_mark.size());
        settle_position();
        here_.column = 1;
    }
}

Reader::Event Reader::finish() {
    if (const auto on = sets_standard_strings(query_.text())) {
        standard_strings_ = *on;
    }
    last_ = Event::statement;
    return Event::statement;
}

Reader::Event Reader::next() {
    settle();
    if (!started_) {
        skip_mark();
    }
    while (true) {
        Scanner scanner(rest(), 0, true);
        scanner.standard_strings(standard_strings_);
        const auto token = scanner.next();
        if (!token) {
            pass(buffer_.size());
            if (!fill()) {
                return query_.empty() ? Event::end : finish();
            }
        } else if (token->open && !ended_) {
            fill();
        } else if (const auto event = take_or_end(*token)) {
            return *event;
        }
    }
}

std::optional<Reader::Event> Reader::take_or_end(const Token& token) {
    const auto begin = at_ + token.offset;
    const auto end = begin + token.length;
    if (token.kind == TokenKind::comment && token.terminated) {
        pass(end);
    } else if (token.kind == TokenKind::backslash) {
        return stop_at_command(begin);
    } else if (token.kind == TokenKind::semicolon && query_.separates()) {
        pass(end);
        if (!query_.empty()) {
            return finish();
        }
    } else if (token.kind != TokenKind::symbol || buffer_[begin] != ':' || !lookup_) {
        take(begin, end, token);
    } else if (!read_variable(begin)) {
        fill();
    }
    return std::nullopt;
}

Reader::Event Reader::stop_at_command(std::size_t backslash) {
    pass(backslash);
    auto end = buffer_.find('\n', at_);
    while (end == std::string::npos && fill()) {
        end = buffer_.find('\n', at_);
    }
    command_end_ = std::min(end, buffer_.size());
    if (buffer_[command_end_ - 1] == '\r') {
        --command_end_;
    }
    resume_ = command_end_;
    command_ = position();
    last_ = Event::command;
    return Event::command;
}

std::string_view Reader::command_line() const {
    return std::string_view(buffer_).substr(at_ + 1, command_end_ - at_ - 1);
}

void Reader::end_command(std::size_t length) { resume_ = std::min(at_ + 1 + length, command_end_); }

void Reader::append(char c) {
    end_command(1);
    if (query_.empty() && c == ';') {
        return;
    }
    jumped_ = true;
    place_query(at_);
    query_.add_opaque(std::string_view(&c, 1));
    query_.ends_at(position().offset + 2);
    if (c == ';') {
        query_.begin_next();
    }
}

}  // namespace caisson::sql
