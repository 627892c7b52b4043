import { Module, ValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule, NestFactory } from '@nestjs/core';
import type { Server } from 'node:https';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessGuard } from './access/access.guard.ts';
import { AccessTrail } from './access/access-trail.ts';
import { Authenticator } from './access/authenticator.ts';
import { BreakGlassController } from './access/break-glass.controller.ts';
import { CredentialAdministration } from './access/credential-administration.ts';
import { DeclaredRoutes } from './access/declared-routes.ts';
import { ExplainController } from './access/explain.controller.ts';
import { KeysController } from './access/keys.controller.ts';
import { LogReaders } from './access/log-readers.ts';
import { PeopleController } from './access/people.controller.ts';
import { countRefused } from './access/refused-requests.ts';
import { Operators } from './access/operators.ts';
import { Roles } from './access/roles.ts';
import { StatedPurposes } from './access/stated-purpose.ts';
import { refuseUndecided } from './access/undecided.ts';
import { holdUntraced } from './access/untraced.ts';
import { ActivityReviewsController } from './evidence/activity-reviews.controller.ts';
import { EvidenceController } from './evidence/evidence.controller.ts';
import { EvidenceOffice } from './evidence/evidence-office.ts';
import { answerDirectly } from './http/direct-route.ts';
import { createAdapter, KEEP_ALIVE_MS, type TransportSettings } from './http/fastify.ts';
import { frameworkLog } from './http/framework-log.ts';
import { HealthController } from './http/health.controller.ts';
import { HttpSettings } from './http/http-settings.ts';
import { serveOpenApi } from './http/openapi.ts';
import { Metrics } from './http/metrics.ts';
import { MetricsController } from './http/metrics.controller.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { queryFaults } from './http/query-faults.ts';
import { followCertificate } from './http/transport.ts';
import { readPlainConnections } from './http/plain-connection.ts';
import { Readiness } from './http/readiness.ts';
import { takeShortWay, type ShortRoute } from './http/short-way.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Ledger } from './ledger/ledger.ts';
import { LogController } from './ledger/log.controller.ts';
import { TlogController } from './ledger/tlog.controller.ts';
import { AppendController } from './predictions/append.controller.ts';
import { DetokenizeController } from './predictions/detokenize.controller.ts';
import { PredictionIntake } from './predictions/intake.ts';
import { AffectedController } from './lineage/affected.controller.ts';
import { ReplayController } from './lineage/replay.controller.ts';
import { ReplayDesk } from './lineage/replay.ts';
import { LineageController } from './lineage/lineage.controller.ts';
import { FollowUpController } from './predictions/follow-up.controller.ts';
import { FollowUpDesk } from './predictions/record-follow-up.ts';
import { IntakeCounter } from './predictions/intake-counter.ts';
import { IntakeTotalsController } from './predictions/intake-totals.controller.ts';
import { Quarantine } from './predictions/quarantine.ts';
import { QuarantineController } from './predictions/quarantine.controller.ts';
import { ReadController } from './predictions/read.controller.ts';
import { ModelsController } from './models/models.controller.ts';
import { LegalHoldsController } from './retention/legal-holds.controller.ts';
import { PrivacyDesk } from './retention/privacy-desk.ts';
import { RequestsController } from './retention/requests.controller.ts';
import { RetentionController } from './retention/retention.controller.ts';
import { SubjectReportsController } from './retention/subject-reports.controller.ts';
import { SubjectsController } from './retention/subjects.controller.ts';
import { EndsEpochs } from './vault/ends-epochs.ts';
import { KeyEpochsController } from './vault/key-epochs.controller.ts';
import type { Service } from './service.ts';

@Module({})
class AppModule {
  static of(service: Service): DynamicModule {
    const { database, ledger, roles, contracts, credentialPolicy, authenticator, clockMonitor, metrics, settings, tally, trail, say } = service;
    const complain = (message: string): void => say('error', message);
    return {
      module: AppModule,
      imports: [DiscoveryModule],
      controllers: [
        AppendController, ReadController, FollowUpController, LineageController, AffectedController, ReplayController, QuarantineController, DetokenizeController, IntakeTotalsController, KeysController, ExplainController, PeopleController, BreakGlassController,
        ModelsController, SubjectsController, SubjectReportsController, RequestsController, LegalHoldsController, RetentionController, KeyEpochsController, LogController, TlogController, HealthController,
        MetricsController, EvidenceController, ActivityReviewsController,
      ],
      providers: [
        { provide: Ledger, useValue: ledger },
        { provide: EvidenceOffice, useValue: service.evidence },
        { provide: EndsEpochs, useValue: service.endsEpochs },
        { provide: Roles, useValue: roles },
        { provide: Authenticator, useValue: authenticator },
        { provide: CredentialAdministration, useValue: new CredentialAdministration(database.pool, credentialPolicy) },
        { provide: PredictionIntake, useValue: new PredictionIntake(contracts, new Quarantine(), service.models, settings.limits.maxDepth) },
        { provide: ReplayDesk, useValue: new ReplayDesk(contracts, service.replays, trail) },
        { provide: FollowUpDesk, useValue: new FollowUpDesk(contracts, settings.limits.maxDepth) },
        { provide: HttpSettings, useValue: new HttpSettings(settings.limits, complain) },
        { provide: AccessTrail, useValue: trail },
        { provide: StatedPurposes, useValue: new StatedPurposes(roles, contracts.all.flatMap(({ file }) => file.purposes)) },
        { provide: IntakeCounter, useValue: new IntakeCounter(tally, complain) },
        { provide: PrivacyDesk, useValue: service.privacyDesk },
        { provide: Readiness, useValue: new Readiness(database, ledger, clockMonitor) },
        { provide: Metrics, useValue: metrics },
        LogReaders,
        Operators,
        DeclaredRoutes,
        AccessGuard,
        { provide: APP_GUARD, useExisting: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}

/** The HTTP side of a started service. The caller listens, and closes it before the service. */
export async function createApp(service: Service): Promise<NestFastifyApplication> {
  const { settings, say } = service;
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(service),
    createAdapter(settings, (message) => say('error', message), () => service.failures.count('', 'no-request-of-ours')),
    { bodyParser: false, logger: frameworkLog(say), abortOnError: false },
  );
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, exceptionFactory: queryFaults }));
  serveOpenApi(app);
  answerAppendsDirectly(app, settings);
  refuseUndecided(app.getHttpAdapter().getInstance(), (message) => say('error', message));
  countRefused(app.getHttpAdapter().getInstance(), service.trail, service.failures);
  holdUntraced(app.getHttpAdapter().getInstance(), service.trail, (message) => say('error', message));
  await app.init();
  if (settings.tls !== undefined) followCertificate(app.getHttpServer() as unknown as Server, settings.tls, say);
  return app;
}

function answerAppendsDirectly(app: NestFastifyApplication, { tls, hstsMaxAge, trustedProxies }: TransportSettings): void {
  const proxies = new TrustedProxies(trustedProxies);
  const fastify = app.getHttpAdapter().getInstance();
  const controller = app.get(AppendController);
  const guard = app.get(AccessGuard);
  const http = app.get(HttpSettings);
  const by = { guard, http };
  answerDirectly(fastify, '/v1/predictions', { controller, method: controller.append, refused: controller.refuse }, by);
  answerDirectly(fastify, '/v1/predictions/batch', { controller, method: controller.appendBatch, refused: controller.refuse }, by);
  const route: ShortRoute = {
    url: '/v1/predictions',
    maxBodyBytes: http.limits.maxBodyBytes,
    admit: (request) => guard.admit(request, controller.append),
    answer: (caller, body) => controller.appendOne(caller, body),
    sourceOf: ({ socket, headers }) => proxies.sourceOf(socket.remoteAddress ?? '', headers['x-forwarded-for']),
    fields: tls === undefined ? [] : ['strict-transport-security', `max-age=${hstsMaxAge}`],
    say: http.say,
  };
  takeShortWay(fastify, route);
  // What is enciphered is read by Node.
  if (tls === undefined) readPlainConnections(fastify, route, KEEP_ALIVE_MS);
}
