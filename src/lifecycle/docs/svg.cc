// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/svg.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/drawing.h"
#include "lifecycle/docs/layout.h"
#include "lifecycle/docs/types.h"

namespace caisson::docs {
namespace {

/// A table shows at most so many columns, beside its keys.
constexpr std::size_t most_rows = 40;
constexpr int margin = 24;
constexpr int header_height = 24;
constexpr int row_height = 17;
constexpr int mark_width = 26;
constexpr int longest_name = 40;
constexpr int longest_type = 28;
constexpr int colours = 6;

/// Fonts of fixed width are about three fifths as wide as high; a little more, to be safe.
int text_width(int columns) { return (columns * 12 * 61 + 99) / 100; }

constexpr std::string_view style = R"css(
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;fill:#1f2328}
.bg{fill:#fff}.b{fill:#fff;stroke:#8c959f}.k{font-size:9px;font-weight:700;fill:#59636e}.t,.m{fill:#59636e}
.h{font-weight:700}.w,.o,.i{fill:none;stroke:#57606a}.o{stroke-dasharray:4 3}.i{stroke-dasharray:1 3}
.s0{fill:#dbeafe}.s1{fill:#dcfce7}.s2{fill:#fef3c7}.s3{fill:#fce7f3}.s4{fill:#ede9fe}.s5{fill:#ccfbf1}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.bg{fill:#0d1117}.b{fill:#151b23;stroke:#656c76}
.k,.t,.m{fill:#9198a1}.w,.o,.i{stroke:#9198a1}.s0{fill:#1f3a5f}.s1{fill:#1c4532}.s2{fill:#4d3b10}.s3{fill:#4a1f3d}
.s4{fill:#35275e}.s5{fill:#134e4a}}
)css";

struct Row {
    std::string mark;
    std::string name;
    std::string type;
    bool is_column = true;
};

/// A table as it is drawn.
struct Card {
    std::string title;
    std::string tip;
    int colour = 0;
    std::vector<Row> rows;
    Box box;

    static int row_y(std::size_t row) {
        return header_height + 3 + static_cast<int>(row) * row_height + row_height / 2;
    }
    /// The height of a column, else of the header.
    int y_of(const std::string& column) const {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].is_column && rows[i].name == column) {
                return row_y(i);
            }
        }
        return header_height / 2;
    }
};

std::string mark_of(const Column& column) {
    return column.in_primary_key        ? "PK"
           : !column.references.empty() ? "FK"
           : column.is_unique           ? "UK"
                                        : "";
}

Card card_of(const Table& table, bool only_keys, int colour) {
    Card card;
    card.title = shortened(short_name(table.name), longest_name);
    card.tip = short_name(table.name) + (table.comment.empty() ? "" : ": " + table.comment);
    card.colour = colour;
    std::size_t hidden = 0;
    int names = columns_of(card.title) - 4;
    int types = 0;
    for (const auto& column : table.columns) {
        const auto mark = mark_of(column);
        if (mark.empty() && (only_keys || card.rows.size() >= most_rows)) {
            ++hidden;
            continue;
        }
        const auto type = short_type(column.parts.type) + (column.parts.not_null ? "" : "?");
        card.rows.push_back({mark, column.name, type});
        names = std::max(names, columns_of(shortened(column.name, longest_name)));
        types = std::max(types, columns_of(shortened(type, longest_type)));
    }
    if (hidden > 0) {
        card.rows.push_back({"", fmt::format("+ {}", counted(hidden, "column")), "", false});
        names = std::max(names, columns_of(card.rows.back().name));
    }
    card.box.width = 8 + mark_width + text_width(names) + 14 + text_width(types) + 8;
    card.box.height = header_height + 6 + static_cast<int>(card.rows.size()) * row_height;
    return card;
}

std::string drawn(const Card& card, Point at) {
    std::string text = fmt::format(
        "<g><title>{0}</title><rect class=\"b\" x=\"{1}\" y=\"{2}\" width=\"{3}\" height=\"{4}\" "
        "rx=\"5\"/><path class=\"s{5}\" d=\"M{6} {7}v-{8}q0-4 4-4h{9}q4 0 4 4v{8}z\"/>"
        "<text class=\"h\" x=\"{10}\" y=\"{11}\">{12}</text>\n",
        xml_text(card.tip), at.x, at.y, card.box.width, card.box.height, card.colour, at.x + 1,
        at.y + header_height, header_height - 5, card.box.width - 10, at.x + 8, at.y + 16,
        xml_text(card.title));
    for (std::size_t i = 0; i < card.rows.size(); ++i) {
        const auto& row = card.rows[i];
        const int y = at.y + Card::row_y(i) + 4;
        if (!row.mark.empty()) {
            text += fmt::format("<text class=\"k\" x=\"{}\" y=\"{}\">{}</text>", at.x + 8, y - 1,
                                row.mark);
        }
        text +=
            fmt::format("<text{} x=\"{}\" y=\"{}\">{}</text>", row.is_column ? "" : " class=\"m\"",
                        at.x + 8 + mark_width, y, xml_text(shortened(row.name, longest_name)));
        if (!row.type.empty()) {
            text += fmt::format("<text class=\"t\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>",
                                at.x + card.box.width - 8, y,
                                xml_text(shortened(row.type, longest_type)));
        }
        text += '\n';
    }
    return text + "</g>\n";
}

std::string drawn(const Inventory& inventory, const Edge& edge, const Wire& wire) {
    const auto& points = wire.points;
    if (points.size() < 2) {
        return {};
    }
    if (edge.inherits()) {
        return fmt::format("<path class=\"i\" d=\"{}\"/>\n", path_along(points));
    }
    const auto& reference = inventory.tables[edge.from].references[edge.reference];
    const auto& first = points.front();
    const auto& last = points.back();
    const auto& second = points[1];
    const auto& before = points[points.size() - 2];
    const auto child = wire.begins_at_parent ? std::pair(last, before) : std::pair(first, second);
    const auto parent = wire.begins_at_parent ? std::pair(first, second) : std::pair(last, before);
    auto marks = bar(parent.first, parent.second);
    marks += reference.is_single ? bar(child.first, child.second)
                                 : crows_foot(child.first, child.second);
    return fmt::format("<path class=\"{}\" d=\"{}\"/><path class=\"w\" d=\"{}\"/>\n",
                       reference.is_optional ? "o" : "w", path_along(points), marks);
}

/// Schemas by their colour, and what the signs mean.
std::string legend(const std::vector<std::string>& schemas, int y) {
    std::string text;
    int x = margin;
    if (schemas.size() > 1) {
        for (std::size_t i = 0; i < schemas.size() && i < colours; ++i) {
            const bool is_rest = i + 1 == colours && schemas.size() > colours;
            const auto name = is_rest ? "others" : schemas[i];
            text += fmt::format(
                "<rect class=\"s{}\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\"/><text "
                "class=\"m\" "
                "x=\"{}\" y=\"{}\">{}</text>\n",
                i, x, y - 10, x + 18, y, xml_text(name));
            x += 18 + text_width(columns_of(name)) + 24;
        }
        y += 20;
    }
    return text + fmt::format(
                      "<text class=\"m\" x=\"{}\" y=\"{}\">PK primary key, FK refers to "
                      "another table, UK unique, ? may be empty</text>\n"
                      "<text class=\"m\" x=\"{}\" y=\"{}\">three toes: many rows; bar: one "
                      "row; dashed: a reference that may be empty</text>\n",
                      margin, y, margin, y + 18);
}

}  // namespace

std::string svg(const Inventory& inventory, const std::vector<Edge>& edges,
                std::string_view title) {
    std::vector<std::string> schemas;
    for (const auto& schema : inventory.schemas) {
        if (std::ranges::any_of(inventory.tables,
                                [&](const auto& table) { return table.schema() == schema.name; })) {
            schemas.push_back(schema.name);
        }
    }
    const bool only_keys = inventory.tables.size() >= svg_many_tables;
    std::vector<Card> cards;
    std::vector<Box> boxes;
    for (const auto& table : inventory.tables) {
        const auto place = std::ranges::find(schemas, table.schema()) - schemas.begin();
        cards.push_back(card_of(table, only_keys, std::min(static_cast<int>(place), colours - 1)));
        boxes.push_back(cards.back().box);
    }
    std::vector<Line> lines;
    for (const auto& edge : edges) {
        Line line{edge.from, header_height / 2, edge.to, header_height / 2};
        if (!edge.inherits()) {
            const auto& reference = inventory.tables[edge.from].references[edge.reference];
            line.child_y = cards[edge.from].y_of(reference.columns.front());
            if (!reference.target_columns.empty()) {
                line.parent_y = cards[edge.to].y_of(reference.target_columns.front());
            }
        }
        lines.push_back(line);
    }
    const auto picture = arrange(boxes, lines);
    const int width = std::max(picture.width, text_width(72)) + 2 * margin;
    const int legend_y = picture.height + 2 * margin + 14;
    const int height = legend_y + (schemas.size() > 1 ? 20 : 0) + 18 + margin;
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\" role=\"img\">\n<title>{2}</title>\n<style>{3}</style>\n"
        "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n<g transform=\"translate({4} "
        "{4})\">\n",
        width, height, xml_text(title), style, margin);
    // Lines between pixels would be two of them wide.
    text += "<g transform=\"translate(.5 .5)\">\n";
    for (std::size_t i = 0; i < edges.size(); ++i) {
        text += drawn(inventory, edges[i], picture.wires[i]);
    }
    text += "</g>\n";
    for (std::size_t i = 0; i < cards.size(); ++i) {
        text += drawn(cards[i], picture.boxes[i]);
    }
    return text + "</g>\n" + legend(schemas, legend_y) + "</svg>\n";
}

}  // namespace caisson::docs
