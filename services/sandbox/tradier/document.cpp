#include "services/sandbox/tradier/document.h"

#include <algorithm>

#include "services/json/json.h"

namespace qd::sandbox::tradier {

namespace {

void appendEscaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        default: out += c;
        }
    }
}

/// A JSON number that always has a point.
std::string pointed(std::string number)
{
    return number.find('.') == std::string::npos ? number + ".0" : number;
}

} // namespace

Node Node::text(std::string text)
{
    return {Kind::Text, std::move(text)};
}

Node Node::integer(std::int64_t number)
{
    return {Kind::Bare, std::to_string(number)};
}

Node Node::flag(bool flag)
{
    return {Kind::Bare, flag ? "true" : "false"};
}

Node Node::nothing()
{
    return {Kind::Nothing, {}};
}

Node Node::price(Price price)
{
    return {Kind::Bare, pointed(price.toString())};
}

Node Node::quantity(Quantity size)
{
    return {Kind::Bare, size.value().toFixed(8)};
}

Node Node::money(const Money& money)
{
    return {Kind::Bare, pointed(money.toString())};
}

Node& Node::add(std::string name, Node child)
{
    m_children.emplace_back(std::move(name), std::move(child));
    return m_children.back().second;
}

std::string Node::toXml(std::string_view name) const
{
    std::string out = R"(<?xml version="1.0" encoding="UTF-8" standalone="yes"?>)";
    writeXml(out, name);
    return out;
}

void Node::writeXml(std::string& out, std::string_view name) const
{
    out.append("<").append(name);
    if (m_content.empty() && m_children.empty()) {
        out += "/>";
        return;
    }
    out += '>';
    appendEscaped(out, m_content);
    for (const auto& [childName, child] : m_children)
        child.writeXml(out, childName);
    out.append("</").append(name).append(">");
}

std::string Node::toJson(std::string_view name) const
{
    std::string out = "{" + json::quote(name) + ":";
    writeJson(out);
    return out + "}";
}

void Node::writeJson(std::string& out) const
{
    if (m_kind == Kind::Text)
        return json::appendQuoted(out, m_content);
    if (m_kind != Kind::Element) {
        out += m_kind == Kind::Nothing ? std::string_view("null") : std::string_view(m_content);
        return;
    }
    if (m_children.empty()) {
        out += R"("null")";
        return;
    }
    out += '{';
    std::vector<std::string_view> written;
    for (const auto& [name, child] : m_children) {
        if (std::ranges::find(written, name) != written.end())
            continue;
        out += written.empty() ? "" : ",";
        written.push_back(name);
        json::appendQuoted(out, name);
        out += ':';
        const auto isSame = [&name = name](const auto& other) { return other.first == name; };
        if (std::ranges::count_if(m_children, isSame) == 1) {
            child.writeJson(out);
            continue;
        }
        char separator = '[';
        for (const auto& [otherName, other] : m_children) {
            if (otherName != name)
                continue;
            out += separator;
            separator = ',';
            other.writeJson(out);
        }
        out += ']';
    }
    out += '}';
}

} // namespace qd::sandbox::tradier
