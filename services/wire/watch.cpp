#include "services/wire/watch.h"

#include <boost/asio/post.hpp>

namespace qd::wire {

namespace {

std::int64_t steadyNanos()
{
    return runtime::systemClock().steady().count();
}

} // namespace

void Watched::setDeadline(Duration fromNow)
{
    m_deadline.store(steadyNanos() + fromNow.count(), std::memory_order_relaxed);
}

void Watch::add(std::shared_ptr<Watched> member)
{
    const std::lock_guard lock(m_mutex);
    member->m_index = m_members.size();
    m_members.push_back(std::move(member));
    if (!m_armed) {
        m_armed = true;
        asio::post(m_timer.get_executor(), [self = shared_from_this()] { self->arm(); });
    }
}

void Watch::remove(Watched& member)
{
    std::shared_ptr<Watched> removed; // released outside the lock
    const std::lock_guard lock(m_mutex);
    const std::size_t index = member.m_index;
    if (index >= m_members.size() || m_members[index].get() != &member) return;
    removed = std::move(m_members[index]);
    m_members[index] = std::move(m_members.back());
    if (m_members[index]) m_members[index]->m_index = index;
    m_members.pop_back();
}

std::size_t Watch::size() const
{
    const std::lock_guard lock(m_mutex);
    return m_members.size();
}

void Watch::release()
{
    std::vector<std::shared_ptr<Watched>> released;
    {
        const std::lock_guard lock(m_mutex);
        released.swap(m_members);
    }
    for (const auto& member : released) member->letGo();
}

void Watch::arm()
{
    m_timer.expires_after(m_tick);
    m_timer.async_wait([self = shared_from_this()](error_code error) {
        if (!error) self->onTick();
    });
}

void Watch::onTick()
{
    const std::int64_t now = steadyNanos();
    const std::lock_guard lock(m_mutex);
    for (const auto& member : m_members) {
        std::int64_t deadline = member->m_deadline.load(std::memory_order_relaxed);
        if (deadline > now) continue;
        // A deadline that was moved meanwhile is not due; one that is due is told once.
        if (!member->m_deadline.compare_exchange_strong(deadline, Watched::kTold)) continue;
        asio::post(member->strand(), [member] {
            // Not if the connection made progress while this waited.
            auto told = Watched::kTold;
            if (member->m_deadline.compare_exchange_strong(told, Watched::kNever))
                member->onDeadline();
        });
    }
    m_armed = !m_members.empty();
    if (m_armed) arm();
}

void Watch::forAll(void (Watched::*call)())
{
    const std::lock_guard lock(m_mutex);
    for (const auto& member : m_members)
        asio::post(member->strand(), [member, call] { (*member.*call)(); });
}

void Watch::retireAll()
{
    forAll(&Watched::retire);
}

void Watch::abortAll()
{
    forAll(&Watched::abort);
}

} // namespace qd::wire
