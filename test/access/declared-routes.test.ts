import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { Controller, Get, Module, Post, type Type } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Access, Public } from '../../src/access/access.ts';
import { DeclaredRoutes, type DeclaredRoute } from '../../src/access/declared-routes.ts';

@Controller('good')
class Good {
  @Get()
  @Access('read', 'log')
  read(): string {
    return '';
  }

  @Public()
  @Get('open')
  open(): string {
    return '';
  }

  /** Not a route: it declares nothing, and need not. */
  helper(): string {
    return '';
  }
}

@Controller('undeclared')
class Undeclared {
  @Get()
  @Access('read', 'log')
  read(): string {
    return '';
  }

  @Post('write')
  write(): string {
    return '';
  }
}

@Controller('both')
class Both {
  @Get()
  @Public()
  @Access('read', 'log')
  read(): string {
    return '';
  }
}

class Base {
  @Get('inherited')
  inherited(): string {
    return '';
  }
}

@Controller('derived')
class Derived extends Base {}

async function start(...controllers: Type<unknown>[]): Promise<DeclaredRoute[]> {
  @Module({ imports: [DiscoveryModule], controllers, providers: [DeclaredRoutes] })
  class App {}
  const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false, abortOnError: false });
  try {
    await app.init();
    return app.get(DeclaredRoutes).routes;
  } finally {
    await app.close();
  }
}

describe('the start', () => {
  test('is let through when every route declares who may use it', async () => {
    await expect(start(Good)).resolves.toBeDefined();
  });

  test('knows each route and what it declares', async () => {
    expect(await start(Good)).toEqual([
      { method: 'GET', path: '/good', declared: { action: 'read', resource: 'log', each: false, trace: 'none' } },
      { method: 'GET', path: '/good/open', declared: 'public' },
    ]);
  });

  test.each<[string, Type<unknown>, string]>([
    ['declares nothing', Undeclared, 'Undeclared.write'],
    ['declares two things', Both, 'Both.read'],
    ['is inherited and declares nothing', Derived, 'Derived.inherited'],
  ])('is stopped by a route that %s', async (_what, controller, route) => {
    await expect(start(Good, controller)).rejects.toThrow(`each route declares either @Access or @Public: ${route}`);
  });

  test('names every such route at once', async () => {
    await expect(start(Undeclared, Both)).rejects.toThrow('Undeclared.write, Both.read');
  });
});
