// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "lifecycle/docs/layered.h"
#include "lifecycle/docs/layers.h"
#include "lifecycle/docs/routes.h"

namespace caisson::docs {
namespace {

constexpr int piece_gap = 48;
/// What a channel between two layers takes, for estimates.
constexpr int usual_channel = 90;

/// A part of the picture with places of its own, from (0, 0).
struct Piece {
    std::vector<std::size_t> boxes;
    std::vector<std::size_t> lines;
    std::vector<Point> places{};  ///< As `boxes`.
    std::vector<Wire> wires{};    ///< As `lines`.
    int width = 0;
    int height = 0;
};

/// Boxes that lines hold together, and those that stand alone.
std::vector<Piece> pieces_of(std::size_t count, const std::vector<Line>& lines) {
    std::vector<std::size_t> root(count);
    std::iota(root.begin(), root.end(), 0);
    const auto find = [&](std::size_t box) {
        while (root[box] != box) {
            root[box] = root[root[box]];
            box = root[box];
        }
        return box;
    };
    for (const auto& line : lines) {
        const auto a = find(line.child);
        const auto b = find(line.parent);
        root[std::max(a, b)] = std::min(a, b);
    }
    std::map<std::size_t, Piece> pieces;
    for (std::size_t i = 0; i < count; ++i) {
        pieces[find(i)].boxes.push_back(i);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        pieces[find(lines[i].child)].lines.push_back(i);
    }
    std::vector<Piece> result;
    for (auto& [box, piece] : pieces) {
        result.push_back(std::move(piece));
    }
    return result;
}

/// A box's line to itself, round its right side.
Wire loop(const Box& box, Point place, const Line& line) {
    const int x = place.x + box.width;
    return {{{x, place.y + line.parent_y},
             {x + loop_width, place.y + line.parent_y},
             {x + loop_width, place.y + line.child_y},
             {x, place.y + line.child_y}},
            true};
}

/// The piece with layers at most so high.
Piece drawn(const Piece& piece, const std::vector<Box>& all_boxes,
            const std::vector<Line>& all_lines, int height) {
    std::map<std::size_t, std::size_t> own;
    std::vector<Box> boxes;
    for (const auto box : piece.boxes) {
        own[box] = boxes.size();
        boxes.push_back(all_boxes[box]);
    }
    std::vector<Line> lines;
    for (const auto i : piece.lines) {
        lines.push_back({own[all_lines[i].child], all_lines[i].child_y, own[all_lines[i].parent],
                         all_lines[i].parent_y});
    }
    auto layers = layered(boxes, lines, layers_of(boxes, lines, height));
    order(layers);
    place(layers);
    std::vector<bool> loops(layers.layers.size(), false);
    for (const auto& line : lines) {
        if (line.child == line.parent) {
            loops[static_cast<std::size_t>(layers.nodes[line.child].layer)] = true;
        }
    }
    auto routes = route(layers, lines.size(), loops);
    Piece result{piece.boxes, piece.lines};
    result.width = routes.width;
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        const auto& node = layers.nodes[i];
        result.places.push_back({routes.layer_x[static_cast<std::size_t>(node.layer)], node.y});
    }
    for (const auto& node : layers.nodes) {
        result.height = std::max(result.height, node.y + node.height);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].child == lines[i].parent) {
            routes.wires[i] = loop(boxes[lines[i].child], result.places[lines[i].child], lines[i]);
        }
    }
    result.wires = std::move(routes.wires);
    return result;
}

/// How long all lines are together, turns counted as a way.
long length_of(const Piece& piece) {
    long length = 0;
    for (const auto& wire : piece.wires) {
        for (std::size_t i = 1; i < wire.points.size(); ++i) {
            length += std::abs(wire.points[i].x - wire.points[i - 1].x) +
                      std::abs(wire.points[i].y - wire.points[i - 1].y) + 20;
        }
    }
    return length;
}

/// Badness of a piece: long lines, and a shape that no screen has.
long badness(const Piece& piece) {
    const long width = std::max(piece.width, 1);
    const long height = std::max(piece.height, 1);
    // A screen is some three to two.
    const long ratio =
        2 * width > 3 * height ? 100 * 2 * width / (3 * height) : 100 * 3 * height / (2 * width);
    return (length_of(piece) + width + height) / 100 * (100 + std::max(0L, ratio - 130) / 2);
}

/// Several heights are tried, and the best drawing is taken.
Piece best_drawing(const Piece& piece, const std::vector<Box>& boxes,
                   const std::vector<Line>& lines) {
    long area = 0;
    int highest = 0;
    int widest = 0;
    for (const auto box : piece.boxes) {
        area += boxes[box].height + box_gap;
        highest = std::max(highest, boxes[box].height);
        widest = std::max(widest, boxes[box].width);
    }
    // Boxes of this height in all, in layers of this width, make a picture of three to two when
    // they are so high.
    const auto ideal = static_cast<long>(
        std::sqrt(static_cast<double>(area * (widest + usual_channel)) * 2.0 / 3.0));
    Piece best;
    long least = 0;
    const auto attempt = [&](long height) {
        auto drawing =
            drawn(piece, boxes, lines, std::max(highest + box_gap, static_cast<int>(height)));
        const auto bad = badness(drawing);
        if (best.boxes.empty() || bad < least) {
            least = bad;
            best = std::move(drawing);
        }
    };
    attempt(ideal);
    if (piece.boxes.size() > 150) {
        // A large piece takes its time. What its lines took beside the boxes is known now.
        const double ratio = static_cast<double>(best.width) / std::max(1, best.height);
        attempt(static_cast<long>(static_cast<double>(ideal) * std::sqrt(ratio / 1.5)));
        return best;
    }
    for (const long percentage : {60, 80, 130, 170, 240}) {
        attempt(ideal * percentage / 100);
    }
    return best;
}

/// Boxes that nothing ties, in columns of about the same height.
Piece columns_of(const std::vector<std::size_t>& alone, const std::vector<Box>& boxes, int width) {
    Piece piece{alone, {}};
    int widest = 0;
    for (const auto box : alone) {
        widest = std::max(widest, boxes[box].width);
    }
    const auto count =
        static_cast<std::size_t>(std::max(1, (width + box_gap) / (widest + box_gap)));
    std::vector<int> heights(std::min(count, alone.size()), 0);
    for (const auto box : alone) {
        const auto lowest = std::min_element(heights.begin(), heights.end());
        const auto column = static_cast<int>(lowest - heights.begin());
        piece.places.push_back({column * (widest + box_gap), *lowest});
        *lowest += boxes[box].height + box_gap;
        piece.height = std::max(piece.height, *lowest - box_gap);
    }
    piece.width = static_cast<int>(heights.size()) * (widest + box_gap) - box_gap;
    return piece;
}

void put(Picture& picture, const Piece& piece, Point at) {
    for (std::size_t i = 0; i < piece.boxes.size(); ++i) {
        picture.boxes[piece.boxes[i]] = {piece.places[i].x + at.x, piece.places[i].y + at.y};
    }
    for (std::size_t i = 0; i < piece.lines.size(); ++i) {
        auto& wire = picture.wires[piece.lines[i]];
        wire = piece.wires[i];
        for (auto& point : wire.points) {
            point.x += at.x;
            point.y += at.y;
        }
    }
    picture.width = std::max(picture.width, at.x + piece.width);
    picture.height = std::max(picture.height, at.y + piece.height);
}

/// Pieces on shelves of this width, the highest first; what stands alone below them.
Picture packed(const std::vector<Piece>& pieces, const std::vector<std::size_t>& alone,
               const std::vector<Box>& boxes, std::size_t lines, int width) {
    Picture picture;
    picture.boxes.resize(boxes.size());
    picture.wires.resize(lines);
    Point at;
    int shelf = 0;
    for (const auto& piece : pieces) {
        if (at.x > 0 && at.x + piece.width > width) {
            at = {0, at.y + shelf + piece_gap};
            shelf = 0;
        }
        put(picture, piece, at);
        shelf = std::max(shelf, piece.height);
        at.x += piece.width + piece_gap;
    }
    if (!alone.empty()) {
        const int below = pieces.empty() ? 0 : picture.height + piece_gap;
        put(picture, columns_of(alone, boxes, width), {0, below});
    }
    return picture;
}

/// The height of the least frame of three to two around it.
int frame_of(const Picture& picture) { return std::max(picture.height, picture.width * 2 / 3); }

}  // namespace

Picture arrange(const std::vector<Box>& boxes, const std::vector<Line>& lines) {
    std::vector<Piece> pieces;
    std::vector<std::size_t> alone;
    int widest = 0;
    int total = 0;
    const auto count = [&](int width) {
        widest = std::max(widest, width);
        total += width + piece_gap;
    };
    for (const auto& piece : pieces_of(boxes.size(), lines)) {
        if (piece.lines.empty()) {
            alone.push_back(piece.boxes.front());
            count(boxes[alone.back()].width);
        } else {
            pieces.push_back(best_drawing(piece, boxes, lines));
            count(pieces.back().width);
        }
    }
    std::ranges::stable_sort(pieces, [](const auto& a, const auto& b) {
        return std::pair(a.height, a.width) > std::pair(b.height, b.width);
    });
    Picture best;
    int smallest = 0;
    for (int i = 0; i <= 20; ++i) {
        auto picture =
            packed(pieces, alone, boxes, lines.size(), widest + (total - widest) / 20 * i);
        const int frame = frame_of(picture);
        if (i == 0 || frame < smallest) {
            smallest = frame;
            best = std::move(picture);
        }
    }
    return best;
}

}  // namespace caisson::docs
