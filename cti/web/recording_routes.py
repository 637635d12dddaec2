"""Recorded talks: pausing the one in hand, and listening to those that are over.

Every play and every download is asked for, permitted and written into the audit before there is a sound.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from cti.domain.ids import ContactId
from cti.ports import Person
from cti.ports.recordings import Kept, Playable, Recorded, RecordingState
from cti.web.acts import TALKING, Named, held
from cti.web.guard import Acting, Anyone, AnyParts, Parts, Supervisor
from cti.web.problems import Refusal, responses
from cti.web.recording_desk import PLAY_LIFE_MS, RecordingDesk
from cti.web.recording_messages import Pause, Play, PlayWish, RecordingsStanding, RecordingStateView, RecordingView

router = APIRouter(prefix="/api/v1", tags=["recordings"], responses=responses(401, 404))

Recording = Annotated[str, Path(max_length=80, pattern=r"^c[0-9]+(-[0-9]+)?-[0-9a-f]+$")]
Contacted = Annotated[str, Path(max_length=60, pattern=r"^c[0-9]+(-[0-9]+)?$")]
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@router.get("/assignments/{assignment_id}/recording")
async def standing(assignment_id: Named, person: Anyone, parts: AnyParts) -> RecordingStateView:
    """Whether the talk in hand is recorded; changes come over the WebSocket."""
    _, contact = held(assignment_id, person, parts)
    desk = parts.recordings
    return _state(desk.recordings.state(contact.id) if desk is not None else RecordingState(state=Recorded.OFF))


@router.post("/assignments/{assignment_id}/recording/pause", responses=responses(409, 429))
async def pause(assignment_id: Named, person: Acting, parts: AnyParts) -> RecordingStateView:
    """Record silence on both sides, while the customer tells the number of his card; again: the limit counts anew.

    Any answer but 200: the talk is recorded still.
    """
    contact_id = _talked_with(assignment_id, person, parts)
    return _state(await _desk(parts).recordings.pause(contact_id))


@router.post("/assignments/{assignment_id}/recording/resume", responses=responses(409, 429))
async def resume(assignment_id: Named, person: Acting, parts: AnyParts) -> RecordingStateView:
    """Record again. Not paused is success."""
    contact_id = _talked_with(assignment_id, person, parts)
    return _state(await _desk(parts).recordings.resume(contact_id))


@router.get("/recordings/standing", responses=responses(403))
async def recordings_standing(_person: Supervisor, parts: AnyParts) -> RecordingsStanding:
    """Whether talks can be recorded at all."""
    desk = parts.recordings
    return RecordingsStanding(full=desk is not None and desk.recordings.is_full)


@router.get("/contacts/{contact_id}/recordings")
async def of_contact(contact_id: Contacted, person: Anyone, parts: AnyParts) -> list[RecordingView]:
    """The contact's recordings that the asker may listen to, the oldest first; those erased say so."""
    if parts.recordings is None:
        return []
    found = await parts.recordings.recordings.shelf.of_contacts([ContactId(contact_id)])
    return [_view(kept, parts) for kept in found if parts.recordings.may_listen(person, kept, parts.roster)]


@router.post("/recordings/{recording_id}/plays", responses=responses(403, 410))
async def play(given: PlayWish, recording_id: Recording, person: Acting, parts: AnyParts) -> Play:
    """Be permitted to play it, or to save it: written into the audit, whether it is then done or not."""
    kept, now = await _allowed(recording_id, person, parts), parts.engine.now()
    if kept.erased_ms is not None:
        raise Refusal(410, "recording_erased")
    action = "recording_downloaded" if given.download else "recording_played"
    await parts.people.note_deed(actor=person.login, action=action, subject=kept.contact_id, detail=recording_id)
    leave = _desk(parts).leave(kept, person.agent_id, download=given.download, now=now)
    return Play(url=f"/api/v1/recordings/{recording_id}/audio?leave={leave}", until_ms=now + PLAY_LIFE_MS)


@router.get("/recordings/{recording_id}/audio", response_class=Response, responses=responses(403, 410))
async def audio(
    recording_id: Recording,
    leave: Annotated[str, Query(max_length=400)],
    request: Request,
    person: Anyone,
    parts: AnyParts,
) -> Response:
    """The sound as a WAV file, or the part that `Range` asks for."""
    kept = await _allowed(recording_id, person, parts)
    given = _desk(parts).read_leave(leave, recording_id, person.agent_id, now=parts.engine.now())
    if given is None:
        raise Refusal(403, "recording_leave_over")
    if kept.erased_ms is not None:
        raise Refusal(410, "recording_erased")
    sound = await _desk(parts).recordings.open(kept)
    name = f"{recording_id}.wav"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'{"attachment" if given.download else "inline"}; filename="{name}"',
    }
    span = part_of(request.headers.get("range", ""), sound.length)
    if span is None:
        await run_in_threadpool(sound.close)
        return Response(status_code=416, headers={"Content-Range": f"bytes */{sound.length}"})
    start, stop = span
    whole = (start, stop) == (0, sound.length)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{sound.length}"
    headers["Content-Length"] = str(stop - start)
    return StreamingResponse(
        _pieces(sound, start, stop), status_code=200 if whole else 206, headers=headers, media_type="audio/wav"
    )


def part_of(wanted: str, length: int) -> tuple[int, int] | None:
    """The bytes that a Range header asks for, from and up to (RFC 9110, 14); None when there are none of them.

    All of them without a header, or for one that is none of a single span.
    """
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or found[1] == found[2] == "":
        return 0, length
    if found[1] == "":
        last = min(int(found[2]), length)
        return (length - last, length) if last else None
    start = int(found[1])
    stop = min(int(found[2]) + 1, length) if found[2] else length
    if start >= length:
        return None
    return (start, stop) if stop > start else (0, length)


def _pieces(sound: Playable, start: int, stop: int) -> Iterator[bytes]:
    try:
        yield from sound.read(start, stop)
    finally:
        sound.close()


async def _allowed(recording_id: str, person: Person, parts: Parts) -> Kept:
    desk = _desk(parts)
    kept = await desk.recordings.shelf.get(recording_id)
    if kept is None or not desk.may_listen(person, kept, parts.roster):
        raise Refusal(404, "not_found")
    return kept


def _talked_with(assignment_id: str, person: Person, parts: Parts) -> ContactId:
    """The contact of his talk: who handed it over writes up still, and the recording is of his colleague's by then."""
    assignment, contact = held(assignment_id, person, parts)
    if assignment.state not in TALKING:
        raise Refusal(409, "no_leg")
    return contact.id


def _desk(parts: Parts) -> RecordingDesk:
    if parts.recordings is None:
        raise Refusal(404, "not_found")
    return parts.recordings


def _state(state: RecordingState) -> RecordingStateView:
    return RecordingStateView(state=state.state, resumes_ms=state.resumes_ms)


def _view(kept: Kept, parts: Parts) -> RecordingView:
    return RecordingView(
        recording_id=kept.recording_id,
        contact_id=kept.contact_id,
        began_ms=kept.began_ms,
        length_ms=kept.length_ms,
        agents=[parts.roster.name(agent_id) or agent_id for agent_id in kept.agents],
        pauses=[Pause(from_ms=begun - kept.began_ms, until_ms=over - kept.began_ms) for begun, over in kept.pauses],
        sha256=kept.sha256,
        keep_until_ms=kept.keep_until_ms,
        erased_ms=kept.erased_ms,
    )
