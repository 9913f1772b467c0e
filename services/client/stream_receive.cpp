// The receiving half of StreamLink: what each kind of frame does.
#include "services/client/stream_link.h"

namespace qd::client {

namespace {

/// A server whose chain never holds is left and tried again later, not asked without end.
constexpr int kResyncsInARowMax = 3;

} // namespace

void StreamLink::onFrame(std::string_view text)
{
    auto frame = readFrame(text, m_settings.frameBytesMax);
    if (!frame) {
        ++m_link.unreadableFrames;
        return lose("the backend sent something unreadable: " + describe(frame.error()));
    }
    if (m_phase == Phase::Catching || m_phase == Phase::Live) m_silenceTimer.start();
    std::visit([this](auto&& kind) { on(std::forward<decltype(kind)>(kind)); }, std::move(*frame));
}

void StreamLink::on(const Welcome& welcome)
{
    if (m_phase != Phase::Greeting) return;
    m_phase = Phase::Catching;
    m_welcomeTimer.stop();
    m_silenceTimer.start();
    m_link.serverVersion = welcome.version;
}

void StreamLink::on(const Snapshot& snapshot)
{
    if (m_phase != Phase::Catching && m_phase != Phase::Live) return;
    flushEvents();
    m_sequence = snapshot.sequence;
    Q_EMIT snapshotArrived(snapshot);
    if (m_phase == Phase::Catching) goLive();
}

void StreamLink::on(const ChainedEvent& chained)
{
    if (m_phase == Phase::Greeting) return; // of before our hello; the snapshot has it
    if (!m_sequence) return resynchronise("an event came before the snapshot");
    if (chained.previous != *m_sequence)
        return resynchronise("event " + std::to_string(chained.previous) + " is missing");
    m_sequence = chained.event.sequence;
    m_resyncsInARow = 0;
    if (m_events.empty())
        QMetaObject::invokeMethod(this, [this] { flushEvents(); }, Qt::QueuedConnection);
    m_events.push_back(chained.event);
}

/// The first status after a welcome comes when everything missed has been sent.
void StreamLink::on(const StatusReport& report)
{
    if (m_phase == Phase::Catching && m_sequence) goLive();
    if (m_phase == Phase::Live) Q_EMIT statusArrived(report);
}

void StreamLink::on(const Pong& pong)
{
    if (pong.id != m_pingId || m_phase != Phase::Live) return;
    const Duration trip = m_settings.clock->steady() - m_pingSent;
    m_link.roundTripMs = std::chrono::duration<double, std::milli>(trip).count();
    Q_EMIT linkChanged(m_link);
}

void StreamLink::on(const Farewell& farewell)
{
    m_farewell = farewell.detail; // the close follows
}

void StreamLink::on(MarketFrame frame)
{
    if (frame.isPicture) {
        m_marketSequence = frame.sequence;
    } else if (m_marketSequence && frame.sequence != *m_marketSequence + 1) {
        ++m_link.marketGaps;
        sendWishes();
    } else if (m_marketSequence) {
        m_marketSequence = frame.sequence;
    }
    m_conflater.add(std::move(frame));
    if (!m_batchIsOut && !m_frameTimer.isActive()) m_frameTimer.start();
}

void StreamLink::resynchronise(const std::string& why)
{
    m_sequence.reset();
    ++m_link.resynchronisations;
    if (++m_resyncsInARow > kResyncsInARowMax) {
        m_resyncsInARow = 0;
        return lose("the backend's events do not follow each other: " + why);
    }
    sendHello();
}

void StreamLink::goLive()
{
    m_phase = Phase::Live;
    m_link.attempt = 0;
    if (m_socketIsNew) {
        if (m_wasOnline) ++m_link.reconnects;
        m_wasOnline = true;
        m_socketIsNew = false;
        if (m_wishes != WishList{}) sendWishes();
        m_pingTimer.start();
        sendPing();
    }
    show(LinkState::Online, {});
}

void StreamLink::flushEvents()
{
    if (!m_events.empty()) Q_EMIT eventsArrived(std::exchange(m_events, {}));
}

void StreamLink::flushMarket()
{
    if (m_batchIsOut || m_conflater.isEmpty()) return;
    m_batchIsOut = true;
    Q_EMIT marketArrived(m_conflater.take());
}

void StreamLink::onBatchTaken()
{
    m_batchIsOut = false;
    if (!m_conflater.isEmpty()) m_frameTimer.start();
}

} // namespace qd::client
