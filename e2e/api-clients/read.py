"""Reads what a real server answers with a generated client, and says so."""

import io
import os

from collabry import AuthenticatedClient, Client
from collabry import models as m
from collabry.api.auth import list_sessions, me, register
from collabry.api.conversations import ask_notebook, get_message, list_conversations, list_messages
from collabry.api.generations import get_generation
from collabry.api.members import list_members
from collabry.api.models import list_models
from collabry.api.notebooks import create_notebook, get_notebook, list_notebooks
from collabry.api.notifications import list_notifications
from collabry.api.search import search_notebook
from collabry.api.sources import get_source, get_source_page, list_source_versions, list_sources, upload_source
from collabry.api.usage import get_usage
from collabry.types import File

url = os.environ["COLLABRY_URL"]
registration = m.Registration(email="ada@example.org", name="Ada", password="correct horse battery")
signed_in = register.sync(client=Client(base_url=url), body=registration)
assert isinstance(signed_in, m.SignedIn), signed_in
client = AuthenticatedClient(base_url=url, token=signed_in.access_token, timeout=120)


def read(operation, kind, *path, **options):
    """The parsed answer, which has to be of its kind."""
    answer = operation.sync(*path, client=client, **options)
    assert isinstance(answer, kind), (operation.__name__, answer)
    return answer


notebook = read(create_notebook, m.NotebookView, body=m.NotebookTitle(title="Biology")).id
leaves = File(payload=io.BytesIO(b"Leaves are green because of chlorophyll."), file_name="leaves.txt", mime_type="text/plain")
source = read(upload_source, m.Source, notebook, body=m.FileForm(file=leaves)).id
ready = read(get_source, m.Source, source, wait=60)
assert ready.latest.state.step == "ready", ready
broken = File(payload=io.BytesIO(b"%PDF-1.4 and nothing else"), file_name="x.pdf", mime_type="application/pdf")
failed = read(upload_source, m.Source, notebook, body=m.FileForm(file=broken)).id
assert read(get_source, m.Source, failed, wait=60).latest.state.step == "failed"
assert len(read(list_sources, m.SourceList, notebook).sources) == 2

answered = read(ask_notebook, m.Answered, notebook, body=m.QuestionRequest(question="Why are leaves green?"))
assert answered.answer.citations[0].source_name == "leaves.txt"
assert answered.question.author.user_id == signed_in.user.id
conversation = answered.conversation_id
assert len(read(list_messages, m.MessagePage, conversation).messages) == 2
read(get_message, m.Message, conversation, answered.answer.id)
read(get_generation, m.Generation, answered.generation.id)
read(list_conversations, m.ConversationList, notebook)
read(search_notebook, m.SearchResults, notebook, body=m.SearchQuery(query="green"))
read(list_source_versions, m.VersionList, source)
read(get_source_page, m.PageView, source, 1, 1)
read(get_notebook, m.NotebookView, notebook)
read(list_notebooks, m.NotebookList)
read(list_members, m.MemberList, notebook)
read(list_models, m.ModelList)
read(list_notifications, m.NotificationList)
read(list_sessions, m.SessionList)
read(get_usage, m.UsageReport)
read(me, m.UserSummary)
print("everything was read")
