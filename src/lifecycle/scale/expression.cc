// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/scale/expression.h"

#include <algorithm>

#include <fmt/format.h>

namespace caisson::scale {
namespace {

constexpr int deepest = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) {
    return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

/// By recursive descent: sums of products of factors.
class ExpressionParser {
 public:
    explicit ExpressionParser(std::string_view text) : text_(text) {}

    std::optional<Expression> run(std::string& why) {
        const bool fine = sum() && (peek() == '\0' || fail("expected an operator"));
        if (!fine) {
            why = fmt::format("\"{}\" is no expression: {} at character {}", text_, why_, at_ + 1);
            return std::nullopt;
        }
        return std::move(expression_);
    }

 private:
    using Operation = Expression::Operation;

    char peek() {
        while (at_ < text_.size() && text_[at_] == ' ') {
            ++at_;
        }
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool fail(std::string_view why) {
        why_ = why;
        return false;
    }
    void add(Operation operation) { expression_.steps_.push_back({operation, {}, 0}); }

    bool sum() {
        if (!product()) {
            return false;
        }
        while (peek() == '+' || peek() == '-') {
            const auto operation = text_[at_++] == '+' ? Operation::add : Operation::subtract;
            if (!product()) {
                return false;
            }
            add(operation);
        }
        return true;
    }

    bool product() {
        if (!factor()) {
            return false;
        }
        while (peek() == '*' || peek() == '/' || peek() == '%') {
            const char sign = text_[at_++];
            const auto operation = sign == '*'   ? Operation::multiply
                                   : sign == '/' ? Operation::divide
                                                 : Operation::modulo;
            if (!factor()) {
                return false;
            }
            add(operation);
        }
        return true;
    }

    bool factor() {
        if (depth_ > deepest) {
            return fail("it is nested too deep");
        }
        const char c = peek();
        if (c == '-') {
            ++at_;
            ++depth_;
            const bool fine = factor();
            --depth_;
            add(Operation::negate);
            return fine;
        }
        if (c == '(') {
            return parenthesis();
        }
        return is_digit(c) ? number() : name();
    }

    bool parenthesis() {
        ++at_;
        ++depth_;
        const bool fine = sum();
        --depth_;
        if (!fine) {
            return false;
        }
        if (peek() != ')') {
            return fail("expected )");
        }
        ++at_;
        return true;
    }

    /// Of what stands in parentheses behind it.
    bool floor() {
        if (!parenthesis()) {
            return false;
        }
        if (expression_.steps_.back().operation == Operation::divide) {
            expression_.steps_.back().operation = Operation::floor_divide;
        } else {
            add(Operation::floor);
        }
        return true;
    }

    bool number() {
        const auto begin = at_;
        while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
            ++at_;
        }
        const auto value = parse_decimal(text_.substr(begin, at_ - begin));
        if (!value) {
            return fail("this is no number");
        }
        expression_.steps_.push_back({Operation::number, *value, 0});
        return true;
    }

    bool name() {
        const auto begin = at_;
        while (at_ < text_.size() && is_name(text_[at_])) {
            ++at_;
        }
        if (at_ == begin) {
            return fail("expected a number or the name of a column");
        }
        auto& names = expression_.names_;
        const auto word = text_.substr(begin, at_ - begin);
        if (peek() == '(') {
            return word == "floor" ? floor() : fail("the one function is floor(…), before");
        }
        auto found = std::find(names.begin(), names.end(), word);
        if (found == names.end()) {
            found = names.insert(names.end(), std::string(word));
        }
        expression_.steps_.push_back(
            {Operation::name, {}, static_cast<std::size_t>(found - names.begin())});
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::string why_;
    Expression expression_;
};

std::optional<Expression> Expression::parse(std::string_view text, std::string& why) {
    return ExpressionParser(text).run(why);
}

Decimal Expression::evaluate(const std::function<Decimal(std::size_t)>& value_of, int scale) const {
    std::vector<Decimal> stack;
    stack.reserve(steps_.size());
    for (const auto& step : steps_) {
        if (step.operation == Operation::number) {
            stack.push_back(step.number);
            continue;
        }
        if (step.operation == Operation::name) {
            stack.push_back(value_of(step.name));
            continue;
        }
        const auto right = stack.back();
        if (step.operation == Operation::negate) {
            stack.back().digits = -right.digits;
            continue;
        }
        if (step.operation == Operation::floor) {
            stack.back() = floor(right);
            continue;
        }
        stack.pop_back();
        auto& left = stack.back();
        switch (step.operation) {
            case Operation::add:
                left = add(left, right);
                break;
            case Operation::subtract:
                left = subtract(left, right);
                break;
            case Operation::multiply:
                left = multiply(left, right);
                break;
            case Operation::modulo:
                left = modulo(left, right);
                break;
            case Operation::floor_divide:
                left = floor_of_quotient(left, right);
                break;
            default:
                left = divide(left, right, std::min(scale + 3, most_scale));
        }
    }
    return stack.back();
}

}  // namespace caisson::scale
