// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/checks/expectation.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "drivers/pg/quote.h"
#include "drivers/sql/scanner.h"
#include "lifecycle/checks/decimal.h"

namespace caisson::checks {
namespace {

struct Symbol {
    std::string_view text;
    Operator op;
};
/// Longer ones first.
constexpr std::array symbols = {
    Symbol{"<=", Operator::less_equal}, Symbol{">=", Operator::greater_equal},
    Symbol{"!=", Operator::not_equal},  Symbol{"<>", Operator::not_equal},
    Symbol{"=", Operator::equal},       Symbol{"<", Operator::less},
    Symbol{">", Operator::greater},
};

/// The SQL text of an operator; `between` has none of its own.
std::string_view symbol_of(Operator op) {
    for (const auto& symbol : symbols) {
        if (symbol.op == op) {
            return symbol.text;
        }
    }
    return "=";
}

/// Reads an expectation from left to right. A rule returns false once it has set the misreading.
class Reader {
 public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::variant<Expectation, Misreading> read() {
        if (!read_all() || (skip_blanks() < text_.size() && !fail("nothing more"))) {
            return misreading_;
        }
        result_.written = std::string(trim(text_));
        return result_;
    }

 private:
    std::size_t skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
        return at_;
    }

    /// Takes the keyword if it comes next as a word of its own.
    bool take(std::string_view keyword) {
        skip_blanks();
        auto end = at_;
        while (end < text_.size() && is_word(text_[end])) {
            ++end;
        }
        if (!sql::is_keyword(text_.substr(at_, end - at_), keyword)) {
            return false;
        }
        at_ = end;
        return true;
    }

    static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (c >= '0' && c <= '9');
    }

    bool fail(std::string_view expected) {
        skip_blanks();
        misreading_ = {at_,
                       at_ < text_.size()
                           ? fmt::format("found \"{}\", expected {}", text_.substr(at_), expected)
                           : fmt::format("the expectation ends, expected {}", expected)};
        return false;
    }

    bool read_all() {
        if (take("empty")) {
            return set_rows(Operator::equal);
        }
        if (take("not")) {
            return take("empty") ? set_rows(Operator::greater) : fail("\"empty\"");
        }
        if (take("rows")) {
            result_.subject = Subject::rows;
        } else if (take("value")) {
            result_.subject = Subject::value;
        } else {
            return fail("\"rows\", \"value\", \"empty\" or \"not empty\"");
        }
        return read_operator() && check_kinds();
    }

    bool set_rows(Operator op) {
        result_.subject = Subject::rows;
        result_.op = op;
        result_.low = {Literal::Kind::number, "0"};
        return true;
    }

    bool read_operator() {
        if (take("between")) {
            result_.op = Operator::between;
            return read_literal(result_.low) && (take("and") || fail("\"and\"")) &&
                   read_literal(result_.high);
        }
        if (result_.subject == Subject::value && take("is")) {
            result_.op = take("not") ? Operator::not_equal : Operator::equal;
            return take("null") ? set_null() : fail("\"null\" or \"not null\"");
        }
        skip_blanks();
        for (const auto& symbol : symbols) {
            if (text_.substr(at_, symbol.text.size()) == symbol.text) {
                at_ += symbol.text.size();
                result_.op = symbol.op;
                return read_literal(result_.low);
            }
        }
        return fail("one of = != <> < <= > >= or \"between\"");
    }

    bool set_null() {
        result_.low = {Literal::Kind::null, ""};
        return true;
    }

    bool read_literal(Literal& literal) {
        skip_blanks();
        literal_at_ = at_;
        if (at_ < text_.size() && text_[at_] == '\'') {
            return read_text(literal);
        }
        for (const std::string_view word : {"true", "false"}) {
            if (take(word)) {
                literal = {Literal::Kind::boolean, std::string(word)};
                return true;
            }
        }
        if (take("null")) {
            return set_null();
        }
        auto end = at_;
        while (end < text_.size() && text_[end] != ' ' && text_[end] != '\t') {
            ++end;
        }
        const auto word = text_.substr(at_, end - at_);
        if (!Decimal::parse(word)) {
            return fail("a number, a 'text', true, false or null");
        }
        at_ = end;
        literal = {Literal::Kind::number, std::string(word)};
        return true;
    }

    bool read_text(Literal& literal) {
        literal = {Literal::Kind::text, ""};
        for (auto i = at_ + 1; i < text_.size(); ++i) {
            if (text_[i] == '\0') {
                at_ = i;
                return fail("no zero byte");
            }
            if (text_[i] != '\'') {
                literal.text += text_[i];
            } else if (i + 1 < text_.size() && text_[i + 1] == '\'') {
                literal.text += text_[i++];
            } else {
                at_ = i + 1;
                return true;
            }
        }
        return fail("a closing quote");
    }

    bool check_kinds() {
        const auto kind = result_.low.kind;
        const bool is_between = result_.op == Operator::between;
        const bool is_equality = result_.op == Operator::equal || result_.op == Operator::not_equal;
        if (result_.subject == Subject::rows) {
            return is_count(result_.low) && (!is_between || is_count(result_.high));
        }
        const auto end = std::exchange(at_, literal_at_);
        if (!is_equality && (kind == Literal::Kind::boolean || kind == Literal::Kind::null)) {
            return fail("a number or a 'text', since only = and != know true, false and null");
        }
        if (is_between && result_.high.kind != kind) {
            return fail("two bounds of one kind");
        }
        at_ = end;
        return true;
    }

    bool is_count(const Literal& literal) {
        const auto number =
            literal.kind == Literal::Kind::number ? Decimal::parse(literal.text) : std::nullopt;
        if (number && number->is_whole() && !number->is_negative()) {
            return true;
        }
        at_ = literal_at_;
        return fail("a number of rows");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t literal_at_ = 0;
    Expectation result_;
    Misreading misreading_;
};

bool agrees(Operator op, std::strong_ordering order) {
    switch (op) {
        case Operator::equal:
            return order == 0;
        case Operator::not_equal:
            return order != 0;
        case Operator::less:
            return order < 0;
        case Operator::less_equal:
            return order <= 0;
        case Operator::greater:
            return order > 0;
        case Operator::greater_equal:
            return order >= 0;
        case Operator::between:
            break;
    }
    return false;
}

/// How `found` stands to the literal; nothing when it is no value of that kind.
std::optional<std::strong_ordering> compare(const std::string& found, const Literal& literal) {
    if (literal.kind == Literal::Kind::number) {
        const auto number = Decimal::parse(found);
        return number ? std::optional(*number <=> *Decimal::parse(literal.text)) : std::nullopt;
    }
    if (literal.kind == Literal::Kind::boolean) {
        const bool is_true = found == "t" || found == "true";
        if (!is_true && found != "f" && found != "false") {
            return std::nullopt;
        }
        return is_true <=> (literal.text == "true");
    }
    return found.compare(literal.text) <=> 0;
}

bool holds_for(const Expectation& expectation, const std::string& found) {
    const auto low = compare(found, expectation.low);
    if (expectation.op != Operator::between) {
        return low && agrees(expectation.op, *low);
    }
    const auto high = compare(found, expectation.high);
    return low && high && *low >= 0 && *high <= 0;
}

std::string bounded(const std::string& operand, const Expectation& expectation,
                    const std::string& low, const std::string& high) {
    return expectation.op == Operator::between
               ? fmt::format("{} between {} and {}", operand, low, high)
               : fmt::format("{} {} {}", operand, symbol_of(expectation.op), low);
}

std::string value_condition(const Expectation& expectation) {
    const auto& low = expectation.low;
    const auto& high = expectation.high;
    switch (low.kind) {
        case Literal::Kind::null:
            return fmt::format("value_found is {}null",
                               expectation.op == Operator::equal ? "" : "not ");
        case Literal::Kind::number:
            return fmt::format(
                "case when value_found ~ '^[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]{{1,5}})"
                "?$' then {} else false end",
                bounded("value_found::numeric", expectation, low.text, high.text));
        case Literal::Kind::boolean:
            return fmt::format(
                "case when value_found in ('t', 'true', 'f', 'false') then value_found::boolean {} "
                "{} else false end",
                symbol_of(expectation.op), low.text);
        case Literal::Kind::text:
            break;
    }
    return "coalesce(" +
           bounded("value_found collate \"C\"", expectation, pg::literal(low.text),
                   pg::literal(high.text)) +
           ", false)";
}

}  // namespace

std::variant<Expectation, Misreading> parse_expectation(std::string_view text) {
    return Reader(text).read();
}

Judgement judge(const Expectation& expectation, const Found& found) {
    if (expectation.subject == Subject::rows) {
        const auto rows = std::to_string(found.rows);
        return {holds_for(expectation, rows), counted(found.rows, "row")};
    }
    if (found.rows != 1 || found.columns != 1) {
        return {false, found.rows == 0 ? "no row"
                       : found.rows > 1
                           ? counted(found.rows, "row") + " instead of one value"
                           : counted(found.columns, "column") + " instead of one value"};
    }
    if (expectation.low.kind == Literal::Kind::null) {
        return {found.value.has_value() == (expectation.op == Operator::not_equal),
                found.value.value_or("null")};
    }
    if (!found.value) {
        return {false, "null"};
    }
    const bool is_boolean = expectation.low.kind == Literal::Kind::boolean;
    const auto shown = is_boolean && *found.value == "t"   ? "true"
                       : is_boolean && *found.value == "f" ? "false"
                                                           : *found.value;
    return {holds_for(expectation, *found.value), shown};
}

bool wants_no_rows(const Expectation& expectation) {
    return expectation.subject == Subject::rows && holds_for(expectation, "0") &&
           !holds_for(expectation, "1");
}

std::string condition(const Expectation& expectation) {
    if (expectation.subject == Subject::rows) {
        return bounded("rows_found", expectation, expectation.low.text, expectation.high.text);
    }
    return "rows_found = 1 and columns_found = 1 and " + value_condition(expectation);
}

}  // namespace caisson::checks
