// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "drivers/sql/syntax.h"

namespace caisson::sql {

/// A place in a parse tree: a view, valid as long as its Tree. What is not there is an empty node,
/// all of whose fields are empty again, so that a path is followed without asking at each step.
/// Kinds and fields are those of PostgreSQL's nodes: kind "AlterTableStmt", field "relation".
/// Threads: any.
class Node {
 public:
    Node() = default;

    explicit operator bool() const { return fields_ != nullptr; }
    /// Empty where the field can hold one kind only (`relation` is always a RangeVar).
    std::string_view kind() const { return kind_; }
    bool is(std::string_view kind) const { return kind_ == kind; }

    Node operator[](std::string_view field) const;
    /// A string or the name of an enumerator, such as "AT_AddColumn"; empty when it is not there.
    std::string_view text(std::string_view field) const;
    bool flag(std::string_view field) const;
    std::int64_t number(std::string_view field) const;
    /// The nodes of a list; those of a node of kind List under the field count too.
    std::vector<Node> list(std::string_view field) const;
    /// The byte of the statement where it begins, where the parser notes that.
    std::size_t location() const { return static_cast<std::size_t>(number("location")); }

    /// This node and every one below it, parents first.
    void each(const std::function<void(Node)>& visit) const;

 private:
    friend struct ParsedTree parse_tree(std::string_view statement);
    static Node of(const void* value);

    std::string_view kind_;
    const void* fields_ = nullptr;
};

/// What PostgreSQL's own parser makes of one statement. Cheap to copy.
class Tree {
 public:
    /// The statement; its kind says which one.
    Node root() const { return root_; }

 private:
    friend struct ParsedTree parse_tree(std::string_view statement);

    std::shared_ptr<const void> held_;
    Node root_;
};

/// Either a tree, or the place where the grammar stumbles; neither for an empty statement and for
/// one that is too large to be looked at.
struct ParsedTree {
    std::optional<Tree> tree;
    std::optional<SyntaxMistake> mistake;
};

/// More words and symbols than this, commas left out, and a statement gets no tree: the parser
/// writes trees recursively, and a chain of a hundred thousand operators would end the process.
constexpr std::size_t longest_tree = 20'000;

/// Parses one statement, without its semicolon, by the grammar of PostgreSQL 15: newer statements
/// are mistakes to it. Threads: any.
ParsedTree parse_tree(std::string_view statement);

}  // namespace caisson::sql
